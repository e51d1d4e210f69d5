package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.tensor.DenseVector;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/// Attention of a tile of queries that share a key-value head, with online softmax; the scratch of one worker.
///
/// Rows are queries: tokens times the heads of the group, so that keys and values are read once for all of
/// them. Positions are taken [#STRETCH] at a time: scores for whole strips of the transposed keys, softmax
/// along the rows, weighted sums of the values; all three are vectors over positions or over the head, without
/// sums across a vector but one maximum and one total for each row and stretch. Source of the online softmax:
/// arXiv 2205.14135.
///
/// Scores are kept in base 2: the queries are multiplied by `scale * log2(e)`.
///
/// Longer than other classes, because the stages of a stretch share the scratch.
///
/// Latents, of which all heads share one row for each position, are widened to f32 first ([LatentRows]).
final class AttentionTile {
    /// Rows of a tile, unless one token has more heads in the group.
    static final int ROWS = 48;

    /// Positions at a time; divides the cache's block.
    private static final int STRETCH = 256;

    private static final double LOG2_E = 1 / Math.log(2);

    /// F16 weights and queries carry this power of two, which the widened elements lack; the rest of
    /// the factor goes to the scores and the result, because sums of weights must stay finite.
    private static final int F16_SHIFT = 100;

    private static final float F16_REST = 0x1p112f * 0x1p-100f;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final float[] scales = new float[STRETCH];
    private final LatentRows latents = new LatentRows();
    private float[] scores = new float[0];
    private float[] queries = new float[0];
    private float[] results = new float[0];
    private float[] maxima = new float[0];
    private float[] sums = new float[0];

    // The tile that is being computed.
    private int group;
    private int rows;
    private int headDim;
    private int queryStride;
    private int width;
    private int firstPosition;
    private float softcap;

    /// Tokens in a tile: as many whole ones as fit.
    static int tokens(int group) {
        return Math.max(1, ROWS / group);
    }

    /// Floats from one row's result to the next's: the values and what is read behind them, in whole
    /// calls.
    static int width(KvCache.Full cache) {
        var values = cache.isLatent() ? cache.valueDim() : cache.valueStride();
        return Math.ceilDiv(values, FloatProduct.COLS) * FloatProduct.COLS;
    }

    /// The type of what products read.
    private static CacheType type(KvCache.Full cache) {
        return cache.isLatent() ? CacheType.F32 : cache.type();
    }

    /// What the sums of weighted values are to be multiplied by.
    static float resultFactor(KvCache.Full cache) {
        return type(cache) == CacheType.F16 ? 0x1p112f : 1;
    }

    /// Begins a tile: `tokens` tokens from row `row` on, at consecutive positions from `position`,
    /// for one key-value head.
    void load(CpuTensor q, int row, int tokens, int position, int kvHead, AttentionSpec spec, KvCache.Full cache) {
        group = Shapes.headsPerKvHead(q, cache);
        rows = tokens * group;
        headDim = cache.headDim();
        queryStride = cache.isLatent() ? cache.valueStride() : headDim;
        width = width(cache);
        firstPosition = position;
        reserve();
        softcap = spec.softcap();
        var factor = (float) (spec.scale() * LOG2_E);
        if (type(cache) == CacheType.F16) {
            factor *= 0x1p100f;
        }
        for (var i = 0; i < rows; i++) {
            var from = q.rowOffset(row + i / group) + (kvHead * group + i % group) * headDim;
            var to = i * queryStride;
            for (var d = 0; d < headDim; d++) {
                queries[to + d] = q.data()[from + d] * factor;
            }
            Arrays.fill(queries, to + headDim, to + queryStride, 0);
        }
        Arrays.fill(maxima, 0, rows, Float.NEGATIVE_INFINITY);
        Arrays.fill(sums, 0, rows, 0);
        Arrays.fill(results, 0, rows * width, 0);
    }

    /// Counts each head's sink as a position that was taken in.
    void addSinks(DenseVector sinks, int kvHead, CacheType type) {
        for (var row = 0; row < rows; row++) {
            maxima[row] = (float) (sinks.values()[kvHead * group + row % group] * LOG2_E);
            sums[row] = type == CacheType.F16 ? 0x1p100f : 1;
        }
    }

    private void reserve() {
        // LatentRows reads whole calls.
        var most = Math.ceilDiv(Math.max(rows, ROWS), LatentRows.QUERIES) * LatentRows.QUERIES;
        if (maxima.length < most || queries.length < most * queryStride || results.length < most * width) {
            scores = new float[most * STRETCH];
            queries = new float[most * queryStride];
            results = new float[most * width];
            maxima = new float[most];
            sums = new float[most];
        }
    }

    /// Takes in the positions `from .. to - 1`; `from` is the first of a strip.
    void attend(KvCache.Full cache, int slot, int kvHead, int from, int to) {
        if (cache.isLatent()) {
            for (var at = from; at < to; ) {
                var count = Math.min(to, (at / LatentRows.ROWS + 1) * LatentRows.ROWS) - at;
                latents.load(cache, slot, at, count);
                attendLatents(cache, at, count);
                at += count;
            }
            return;
        }
        for (var at = from; at < to; ) {
            var count = Math.min(to, (at / STRETCH + 1) * STRETCH) - at;
            attendStretch(cache, cache.block(slot, at), kvHead, at, count);
            at += count;
        }
    }

    /// Takes in the positions `chosen[at + from .. at + to - 1]` alone, all of which the tile's one token sees.
    void attendChosen(KvCache.Full cache, int slot, float[] chosen, int at, int from, int to) {
        for (var first = from; first < to; first += LatentRows.ROWS) {
            var count = Math.min(LatentRows.ROWS, to - first);
            latents.load(cache, slot, chosen, at + first, count);
            attendLatents(cache, 0, count);
        }
    }

    /// Takes in the `count` positions from `from` on, whose rows [#latents] has.
    private void attendLatents(KvCache.Full cache, int from, int count) {
        latents.scores(rows, count, queries, scores, STRETCH);
        if (softcap > 0) {
            capScores(CacheType.F32, count);
        }
        softmax(cache, from, count);
        var stride = latents.stride();
        multiply(rows, CacheType.F32, latents.rows(), 0, stride, count, scores, STRETCH, results, 0, width, width);
    }

    private void attendStretch(KvCache.Full cache, MemorySegment block, int kvHead, int from, int count) {
        var strip = KvCache.Full.STRIP;
        var strips = Math.ceilDiv(count, strip);
        for (var row = 0; row < rows; row++) {
            Arrays.fill(scores, row * STRETCH, row * STRETCH + strips * strip, 0);
        }
        for (var column = 0; column < strips * strip; column += strip) {
            var keys = cache.keys(kvHead, from + column);
            multiply(
                    rows,
                    cache.type(),
                    block,
                    keys,
                    strip,
                    headDim,
                    queries,
                    queryStride,
                    scores,
                    column,
                    STRETCH,
                    strip);
        }
        if (cache.type() == CacheType.INT8) {
            scaleScores(block, cache.keyScale(kvHead, from), count);
        }
        if (softcap > 0) {
            capScores(cache.type(), count);
        }
        softmax(cache, from, count);
        if (cache.type() == CacheType.INT8) {
            scaleScores(block, cache.valueScale(kvHead, from), count);
        }
        var values = cache.values(kvHead, from);
        var stride = cache.valueStride();
        multiply(rows, cache.type(), block, values, stride, count, scores, STRETCH, results, 0, width, width);
    }

    /// `c[row, j] += sum over k < count of a[row, k] * b[k, j]` for `rows` rows and `cols` columns; `b`
    /// has rows of `stride` elements of the cache's type from byte `from` on.
    static void multiply(
            int rows,
            CacheType type,
            MemorySegment b,
            long from,
            int stride,
            int count,
            float[] a,
            int aStride,
            float[] c,
            int cStart,
            int cStride,
            int cols) {
        for (var j = 0; j < cols; j += FloatProduct.COLS) {
            var at = from + (long) j * type.elementBytes();
            var bytes = stride * type.elementBytes();
            var to = cStart + j;
            switch (type) {
                case F32 -> FloatProduct.multiply(rows, b, at, bytes, count, a, 0, aStride, c, to, cStride);
                case F16 ->
                    HalfProduct.multiply(
                            rows,
                            b,
                            at,
                            bytes,
                            HalfFormat.F16.shift,
                            HalfFormat.F16.mask,
                            count,
                            a,
                            0,
                            aStride,
                            c,
                            to,
                            cStride);
                case BF16 ->
                    HalfProduct.multiply(rows, b, at, bytes, Short.SIZE, -1, count, a, 0, aStride, c, to, cStride);
                case INT8 -> ByteProduct.multiply(rows, b, at, bytes, count, a, 0, aStride, c, to, cStride);
            }
        }
    }

    private void scaleScores(MemorySegment block, long from, int count) {
        MemorySegment.copy(block, FLOAT, from, scales, 0, count);
        for (var row = 0; row < rows; row++) {
            SoftmaxRows.multiply(scores, row * STRETCH, scales, count);
        }
    }

    /// Scores are in base 2 and, of F16, without the rest of their power.
    private void capScores(CacheType type, int count) {
        var rest = type == CacheType.F16 ? F16_REST : 1;
        for (var row = 0; row < rows; row++) {
            Exponentials.softcap(scores, row * STRETCH, count, (float) (rest / (LOG2_E * softcap)), (float)
                    (softcap * LOG2_E / rest));
        }
    }

    /// The softmax of all rows over `count` positions from `from` on.
    private void softmax(KvCache.Full cache, int from, int count) {
        for (var row = 0; row < rows; row++) {
            var position = firstPosition + row / group;
            var first = Math.clamp((long) cache.reach().first(position) - from, 0, count);
            softmax(type(cache), row, first, Math.clamp((long) position + 1 - from, 0, count), count);
        }
    }

    /// Makes weights of the scores `first .. visible - 1` of a row and zeros of the rest, and rescales what
    /// was summed before.
    private void softmax(CacheType type, int row, int first, int visible, int count) {
        var at = row * STRETCH;
        var factor = type == CacheType.F16 ? F16_REST : 1;
        if (first < visible) {
            Arrays.fill(scores, at, at + first, Float.NEGATIVE_INFINITY);
            var max = SoftmaxRows.max(scores, at, visible) * factor;
            if (max > maxima[row]) {
                if (sums[row] != 0) {
                    var less = SoftmaxRows.power(maxima[row] - max);
                    sums[row] *= less;
                    SoftmaxRows.scale(results, row * width, width, less);
                }
                maxima[row] = max;
            }
            var shift = type == CacheType.F16 ? F16_SHIFT : 0;
            sums[row] += SoftmaxRows.weights(scores, at, visible, factor, maxima[row], shift);
        }
        var unseen = first < visible ? visible : 0;
        Arrays.fill(scores, at + unseen, at + count, 0);
    }

    /// Writes the finished tile to the rows from `row` on.
    void store(CpuTensor out, int row, int kvHead, KvCache.Full cache) {
        var result = resultFactor(cache);
        for (var i = 0; i < rows; i++) {
            var factor = result / sums[i];
            var to = out.rowOffset(row + i / group) + (kvHead * group + i % group) * cache.valueDim();
            for (var d = 0; d < cache.valueDim(); d++) {
                out.data()[to + d] = results[i * width + d] * factor;
            }
        }
    }

    /// Writes what [AttentionMerge] joins to `partials[at ..]`.
    void storePartial(float[] partials, int at) {
        System.arraycopy(results, 0, partials, at, rows * width);
        System.arraycopy(maxima, 0, partials, at + rows * width, rows);
        System.arraycopy(sums, 0, partials, at + rows * (width + 1), rows);
    }
}
