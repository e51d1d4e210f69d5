package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.RopeTable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The attention operation: rotates and stores by rows, then attends by units, then merges.
///
/// A unit is a tile of queries of one key-value head ([PrefillAttention]) or, in segments of few tokens, one token's
/// group of heads over a stretch of positions ([DecodeAttention]), so that one sequence keeps all threads busy also
/// when it has fewer key-value heads than there are threads. One long-lived object per [CpuOps]; engine thread, workers
/// inside [#apply].
final class AttentionTask {
    /// Positions of a decode unit; divides the cache's block. 64 positions of 3 heads take about 2 microseconds.
    private static final int STRETCH = 64;

    /// Segments shorter than this attend token by token.
    private static final int MIN_TILE_TOKENS = 4;

    /// Tokens that a block of the first phase rotates and stores.
    private static final int ROWS = 8;

    private static final int UNIT_FIELDS = 4;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WorkerPool pool;
    private final PrefillAttention[] prefill;
    private final float[][] scores;
    private final List<RopeKernel> ropes = new ArrayList<>();
    private final WorkerPool.Task storeRows = this::storeRows;
    private final WorkerPool.Task attendUnit = this::attendUnit;

    // The arguments of the call that is running.
    private CpuTensor q = new CpuTensor();
    private CpuTensor k = q;
    private CpuTensor v = q;
    private CpuTensor out = q;
    private @Nullable RopeKernel rope;
    private @Nullable Batch batch;
    private KvCache.@Nullable Full cache;
    private float scale;
    private int group;

    /// Units as rows of segment, key-value head, first row or first position, and row (-1: a tile of queries).
    private int[] units = new int[0];

    private int unitCount;

    /// By unit: for each head of the group its unnormalized sum, then its maximum and its total.
    private float[] partials = new float[0];

    private int partialSize;

    AttentionTask(WorkerPool pool) {
        this.pool = pool;
        prefill = new PrefillAttention[pool.threads()];
        scores = new float[pool.threads()][];
        for (var i = 0; i < prefill.length; i++) {
            prefill[i] = new PrefillAttention();
            scores[i] = new float[STRETCH + Lanes.COUNT];
        }
    }

    /// Fills `result`; shapes were checked.
    void apply(
            CpuTensor queries,
            CpuTensor keys,
            CpuTensor values,
            @Nullable RopeTable table,
            float factor,
            Batch tokens,
            KvCache.Full layer,
            CpuTensor result) {
        q = queries;
        k = keys;
        v = values;
        out = result;
        batch = tokens;
        cache = layer;
        scale = factor;
        group = Shapes.headsPerKvHead(queries, layer);
        partialSize = group * (layer.headDim() + 2);
        rope = table == null ? null : rope(table, tokens);
        pool.run(storeRows, (tokens.tokenCount() + ROWS - 1) / ROWS);
        planUnits(tokens, layer);
        if (partials.length < unitCount * partialSize) {
            partials = new float[2 * unitCount * partialSize];
        }
        pool.run(attendUnit, unitCount);
        merge(layer);
    }

    private RopeKernel rope(RopeTable table, Batch tokens) {
        var kernel = known(table);
        var end = 0;
        for (var row = 0; row < tokens.tokenCount(); row++) {
            end = Math.max(end, tokens.position(row) + 1);
        }
        kernel.reserve(end);
        return kernel;
    }

    @SuppressWarnings("ReferenceEquality") // a model has one table; comparing its contents each time would be work
    private RopeKernel known(RopeTable table) {
        for (var kernel : ropes) {
            if (kernel.table() == table) {
                return kernel;
            }
        }
        var kernel = new RopeKernel(table);
        ropes.add(kernel);
        return kernel;
    }

    private void storeRows(int worker, int block) {
        var tokens = Objects.requireNonNull(batch);
        var layer = Objects.requireNonNull(cache);
        var segment = 0;
        for (var row = block * ROWS; row < Math.min(tokens.tokenCount(), (block + 1) * ROWS); row++) {
            while (row >= tokens.segmentStart(segment + 1)) {
                segment++;
            }
            var position = tokens.position(row);
            if (rope != null) {
                rope.rotate(q.data(), q.rowOffset(row), q.cols(), layer.headDim(), position);
                rope.rotate(k.data(), k.rowOffset(row), k.cols(), layer.headDim(), position);
            }
            var memory = layer.block(tokens.segmentSlot(segment), position);
            store(k, row, memory, 0, position, layer);
            store(v, row, memory, layer.valueOffset(), position, layer);
        }
    }

    private static void store(CpuTensor x, int row, MemorySegment memory, int base, int position, KvCache.Full layer) {
        var headDim = layer.headDim();
        for (var head = 0; head < layer.kvHeads(); head++) {
            var from = x.rowOffset(row) + head * headDim;
            MemorySegment.copy(x.data(), from, memory, FLOAT, bytes(layer, base, head, position), headDim);
        }
    }

    private static long bytes(KvCache.Full layer, int base, int kvHead, int position) {
        var index = kvHead * KvCaches.BLOCK_TOKENS + position % KvCaches.BLOCK_TOKENS;
        return (base + (long) index * layer.headDim()) * Float.BYTES;
    }

    /// Long units first: the last tiles of a segment see the most positions.
    private void planUnits(Batch tokens, KvCache.Full layer) {
        unitCount = 0;
        for (var segment = 0; segment < tokens.segmentCount(); segment++) {
            var first = tokens.segmentStart(segment);
            var length = tokens.segmentLength(segment);
            if (length >= MIN_TILE_TOKENS && group <= Tile.COLS) {
                var perTile = PrefillAttention.tokensPerTile(group);
                for (var tile = (length - 1) / perTile; tile >= 0; tile--) {
                    for (var head = 0; head < layer.kvHeads(); head++) {
                        addUnit(segment, head, first + tile * perTile, -1);
                    }
                }
                continue;
            }
            for (var row = first; row < first + length; row++) {
                for (var head = 0; head < layer.kvHeads(); head++) {
                    for (var from = 0; from <= tokens.position(row); from += STRETCH) {
                        addUnit(segment, head, from, row);
                    }
                }
            }
        }
    }

    private void addUnit(int segment, int head, int first, int row) {
        var at = unitCount++ * UNIT_FIELDS;
        if (at + UNIT_FIELDS > units.length) {
            units = Arrays.copyOf(units, 2 * (at + UNIT_FIELDS));
        }
        units[at] = segment;
        units[at + 1] = head;
        units[at + 2] = first;
        units[at + 3] = row;
    }

    private void attendUnit(int worker, int unit) {
        var tokens = Objects.requireNonNull(batch);
        var layer = Objects.requireNonNull(cache);
        var at = unit * UNIT_FIELDS;
        var segment = units[at];
        var slot = tokens.segmentSlot(segment);
        if (units[at + 3] >= 0) {
            attendStretch(layer, slot, units[at + 1], units[at + 2], units[at + 3], unit, scores[worker]);
            return;
        }
        var row = units[at + 2];
        var count = Math.min(PrefillAttention.tokensPerTile(group), tokens.segmentStart(segment + 1) - row);
        prefill[worker].run(q, out, row, count, tokens.position(row), units[at + 1], scale, layer, slot);
    }

    private void attendStretch(KvCache.Full layer, int slot, int kvHead, int from, int row, int unit, float[] weights) {
        var headDim = layer.headDim();
        var memory = layer.block(slot, from);
        var count = Math.min(STRETCH, Objects.requireNonNull(batch).position(row) + 1 - from);
        var keys = bytes(layer, 0, kvHead, from);
        var values = bytes(layer, layer.valueOffset(), kvHead, from);
        for (var head = 0; head < group; head++) {
            var query = q.rowOffset(row) + (kvHead * group + head) * headDim;
            var max = DecodeAttention.scores(memory, keys, count, headDim, q.data(), query, scale, weights, 0);
            var partial = unit * partialSize + head * (headDim + 2);
            partials[partial + headDim] = max;
            partials[partial + headDim + 1] = Exponentials.softmaxRow(weights, 0, count, max);
            DecodeAttention.weightedSum(memory, values, count, headDim, weights, 0, partials, partial);
        }
    }

    /// Joins the stretches of each token and key-value head, which are consecutive units.
    private void merge(KvCache.Full layer) {
        for (var first = 0; first < unitCount; ) {
            var at = first * UNIT_FIELDS;
            var row = units[at + 3];
            var end = first + 1;
            while (end < unitCount
                    && row >= 0
                    && units[end * UNIT_FIELDS + 3] == row
                    && units[end * UNIT_FIELDS + 1] == units[at + 1]) {
                end++;
            }
            if (row >= 0) {
                for (var head = 0; head < group; head++) {
                    var to = out.rowOffset(row) + (units[at + 1] * group + head) * layer.headDim();
                    mergeHead(first, end, head * (layer.headDim() + 2), layer.headDim(), to);
                }
            }
            first = end;
        }
    }

    private void mergeHead(int first, int end, int offset, int headDim, int to) {
        var max = Float.NEGATIVE_INFINITY;
        for (var unit = first; unit < end; unit++) {
            max = Math.max(max, partials[unit * partialSize + offset + headDim]);
        }
        var total = 0f;
        Arrays.fill(out.data(), to, to + headDim, 0);
        for (var unit = first; unit < end; unit++) {
            var partial = unit * partialSize + offset;
            var factor = (float) Math.exp(partials[partial + headDim] - max);
            total += factor * partials[partial + headDim + 1];
            for (var d = 0; d < headDim; d++) {
                out.data()[to + d] += factor * partials[partial + d];
            }
        }
        for (var d = 0; d < headDim; d++) {
            out.data()[to + d] /= total;
        }
    }
}
