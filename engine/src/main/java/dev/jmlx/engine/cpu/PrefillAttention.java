package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of a tile of queries that share a key-value head, with online softmax; the scratch of one worker.
///
/// The queries (tokens times heads of the group) stand in the columns of a [Tile], so keys and values are used as the
/// cache has them, maxima and sums go down the columns, and nothing is summed across a vector. Positions are taken
/// [#STRETCH] at a time. Source of the online softmax: arXiv 2205.14135.
final class PrefillAttention {
    /// Positions at a time; divides the cache's block.
    private static final int STRETCH = 64;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final float[] scores = new float[STRETCH * Tile.COLS];
    private final float[] maxima = new float[Tile.COLS];
    private final float[] sums = new float[Tile.COLS];
    private final float[] factors = new float[Tile.COLS];
    private final int[] limits = new int[Tile.COLS];
    private final float[] keyRows = new float[STRETCH * Tile.STRIDE];
    private float[] stretch = new float[0];
    private float[] queries = new float[0];
    private float[] results = new float[0];

    /// Attends `tokens` queries from row `row` on, at consecutive positions from `position`, for one key-value head.
    void run(
            CpuTensor q,
            CpuTensor out,
            int row,
            int tokens,
            int position,
            int kvHead,
            float scale,
            KvCache.Full cache,
            int slot) {
        var headDim = cache.headDim();
        reserve(headDim);
        var group = Shapes.headsPerKvHead(q, cache);
        var column = kvHead * group * headDim;
        loadQueries(q, row, tokens, position, column, group, headDim, scale);
        Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
        Arrays.fill(sums, 0);
        Arrays.fill(results, 0);
        var end = position + tokens;
        for (var from = 0; from < end; from += STRETCH) {
            attend(cache, slot, kvHead, from, Math.min(STRETCH, end - from), position);
        }
        store(out, row, tokens, column, group, headDim);
    }

    /// Queries in a tile: as many whole tokens as fit.
    static int tokensPerTile(int group) {
        return Math.max(1, Tile.COLS / group);
    }

    private void reserve(int headDim) {
        var rows = (headDim + Tile.ROWS - 1) / Tile.ROWS * Tile.ROWS;
        if (results.length != rows * Tile.COLS) {
            results = new float[rows * Tile.COLS];
            queries = new float[rows * Tile.COLS];
            stretch = new float[STRETCH * rows + Tile.ROWS];
        }
    }

    private void loadQueries(
            CpuTensor q, int row, int tokens, int position, int column, int group, int headDim, float scale) {
        Arrays.fill(queries, 0);
        Arrays.fill(limits, Integer.MAX_VALUE);
        for (var lane = 0; lane < tokens * group; lane++) {
            var from = q.rowOffset(row + lane / group) + column + lane % group * headDim;
            for (var d = 0; d < headDim; d++) {
                queries[d * Tile.COLS + lane] = q.data()[from + d] * scale;
            }
            limits[lane] = position + lane / group;
        }
    }

    private void attend(KvCache.Full cache, int slot, int kvHead, int from, int count, int firstLimit) {
        var headDim = cache.headDim();
        var block = cache.block(slot, from);
        var keys = (kvHead * KvCaches.BLOCK_TOKENS + from % KvCaches.BLOCK_TOKENS) * headDim;
        score(block, keys, count, headDim);
        if (from + count - 1 > firstLimit) {
            mask(from, count);
        }
        for (var at = 0; at < Tile.COLS; at += Lanes.COUNT) {
            raiseMaxima(at, count);
            Exponentials.softmaxColumns(scores, at, count, maxima, sums, at);
            scaleResults(at, headDim);
        }
        var values = (long) (keys + cache.valueOffset()) * Float.BYTES;
        MemorySegment.copy(block, FLOAT, values, stretch, 0, count * headDim);
        for (var d = 0; d < headDim; d += Tile.ROWS) {
            Tile.multiplyColumns(stretch, d, headDim, scores, 0, results, d * Tile.COLS, count);
        }
    }

    /// `scores[p, lane] = key p * query of the lane`, [Tile#DEPTH] elements of the head at a time.
    private void score(MemorySegment block, int keys, int count, int headDim) {
        Arrays.fill(scores, 0);
        for (var d = 0; d < headDim; d += Tile.DEPTH) {
            var depth = Math.min(Tile.DEPTH, headDim - d);
            for (var p = 0; p < count; p++) {
                var from = (long) (keys + p * headDim + d) * Float.BYTES;
                MemorySegment.copy(block, FLOAT, from, keyRows, p * Tile.STRIDE, depth);
            }
            for (var p = 0; p < count; p += Tile.ROWS) {
                Tile.multiplyRows(keyRows, p * Tile.STRIDE, queries, d * Tile.COLS, scores, p * Tile.COLS, depth);
            }
        }
    }

    private void mask(int from, int count) {
        for (var p = 0; p < count; p++) {
            for (var lane = 0; lane < Tile.COLS; lane++) {
                if (from + p > limits[lane]) {
                    scores[p * Tile.COLS + lane] = Float.NEGATIVE_INFINITY;
                }
            }
        }
    }

    /// Takes the stretch's scores into the running maxima of one vector of columns, and rescales its sums.
    ///
    /// Position 0 is visible to every query, so maxima are finite from the first stretch on.
    private void raiseMaxima(int at, int count) {
        var max = FloatVector.fromArray(Lanes.FLOAT, maxima, at);
        for (var p = 0; p < count; p++) {
            max = max.max(FloatVector.fromArray(Lanes.FLOAT, scores, p * Tile.COLS + at));
        }
        FloatVector.fromArray(Lanes.FLOAT, maxima, at).sub(max).intoArray(factors, at);
        max.intoArray(maxima, at);
        for (var lane = at; lane < at + Lanes.COUNT; lane++) {
            factors[lane] = factors[lane] == 0 ? 1 : (float) Math.exp(factors[lane]);
            sums[lane] *= factors[lane];
        }
    }

    private void scaleResults(int at, int headDim) {
        var factor = FloatVector.fromArray(Lanes.FLOAT, factors, at);
        if (factor.compare(VectorOperators.NE, 1f).anyTrue()) {
            for (var d = 0; d < headDim; d++) {
                FloatVector.fromArray(Lanes.FLOAT, results, d * Tile.COLS + at)
                        .mul(factor)
                        .intoArray(results, d * Tile.COLS + at);
            }
        }
    }

    private void store(CpuTensor out, int row, int tokens, int column, int group, int headDim) {
        for (var lane = 0; lane < tokens * group; lane++) {
            var to = out.rowOffset(row + lane / group) + column + lane % group * headDim;
            for (var d = 0; d < headDim; d++) {
                out.data()[to + d] = results[d * Tile.COLS + lane] / sums[lane];
            }
        }
    }
}
