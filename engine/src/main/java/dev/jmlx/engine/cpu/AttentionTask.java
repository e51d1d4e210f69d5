package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.RopeTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The attention operation: rotates and stores by rows, then attends by the units of an [AttentionPlan], then
/// merges.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside [#apply].
final class AttentionTask {
    /// Tokens that a block of the first phase rotates and stores at most; neighbours share cache lines of the
    /// transposed keys.
    private static final int MAX_ROWS = 32;

    /// Floats of partial results from which on threads share their merging.
    private static final int SHARED_MERGE = 1 << 16;

    private final WorkerPool pool;
    private final AttentionPlan plan;
    private final AttentionTile[] tiles;
    private final KvStore[] stores;
    private final List<RopeKernel> ropes = new ArrayList<>();
    private final WorkerPool.Task storeRows = this::storeRows;
    private final WorkerPool.Task attendUnit = this::attendUnit;
    private final WorkerPool.Task mergeTile = this::mergeTile;

    // The arguments of the call that is running.
    private CpuTensor q = new CpuTensor();
    private CpuTensor k = q;
    private CpuTensor v = q;
    private CpuTensor out = q;
    private @Nullable RopeKernel rope;
    private @Nullable Batch batch;
    private KvCache.@Nullable Full cache;
    private float scale;
    private int blockRows;
    private float[] partials = new float[0];

    /// Runs on `pool` in units for `threads` threads.
    AttentionTask(WorkerPool pool, int threads) {
        this.pool = pool;
        plan = new AttentionPlan(threads);
        tiles = new AttentionTile[pool.threads()];
        stores = new KvStore[pool.threads()];
        for (var i = 0; i < tiles.length; i++) {
            tiles[i] = new AttentionTile();
            stores[i] = new KvStore();
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
        rope = table == null ? null : rope(table, tokens);
        blockRows = Math.clamp(Math.ceilDiv(tokens.tokenCount(), pool.threads()), 1, MAX_ROWS);
        pool.run(storeRows, Math.ceilDiv(tokens.tokenCount(), blockRows));
        plan.plan(tokens, layer, Shapes.headsPerKvHead(queries, layer));
        if (partials.length < plan.partialFloats()) {
            partials = new float[2 * plan.partialFloats()];
        }
        pool.run(attendUnit, plan.count());
        if (plan.partialFloats() >= SHARED_MERGE) {
            pool.run(mergeTile, plan.count());
        } else if (plan.partialFloats() > 0) {
            for (var unit = 0; unit < plan.count(); unit += plan.pieces(unit)) {
                mergeTile(0, unit);
            }
        }
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
        var end = Math.min(tokens.tokenCount(), (block + 1) * blockRows);
        for (var row = block * blockRows; row < end; row++) {
            while (row >= tokens.segmentStart(segment + 1)) {
                segment++;
            }
            var position = tokens.position(row);
            if (rope != null) {
                rope.rotate(q.data(), q.rowOffset(row), q.cols(), layer.headDim(), position);
                rope.rotate(k.data(), k.rowOffset(row), k.cols(), layer.headDim(), position);
            }
            stores[worker].store(
                    k.data(),
                    k.rowOffset(row),
                    v.data(),
                    v.rowOffset(row),
                    layer,
                    tokens.segmentSlot(segment),
                    position);
        }
    }

    private void attendUnit(int worker, int unit) {
        var layer = Objects.requireNonNull(cache);
        var tile = tiles[worker];
        var row = plan.row(unit);
        var kvHead = plan.kvHead(unit);
        var position = Objects.requireNonNull(batch).position(row);
        tile.load(q, row, plan.tokens(unit), position, kvHead, scale, layer);
        tile.attend(layer, plan.slot(unit), kvHead, plan.from(unit), plan.to(unit));
        if (plan.pieces(unit) == 1) {
            tile.store(out, row, kvHead, layer);
        } else {
            tile.storePartial(partials, plan.partial(unit));
        }
    }

    /// Merges the units of the tile that begins with `unit`; nothing to do for another unit.
    private void mergeTile(int worker, int unit) {
        if (plan.pieces(unit) == 1 || plan.from(unit) > 0) {
            return;
        }
        var layer = Objects.requireNonNull(cache);
        var headDim = layer.headDim();
        var width = AttentionTile.width(layer);
        var group = Shapes.headsPerKvHead(q, layer);
        var rows = plan.tokens(unit) * group;
        var first = plan.partial(unit);
        for (var row = 0; row < rows; row++) {
            var sum = AttentionMerge.row(partials, first, plan.pieces(unit), rows, width, row);
            var factor = AttentionTile.resultFactor(layer.type()) / sum;
            var to = out.rowOffset(plan.row(unit) + row / group) + (plan.kvHead(unit) * group + row % group) * headDim;
            for (var d = 0; d < headDim; d++) {
                out.data()[to + d] = partials[first + row * width + d] * factor;
            }
        }
    }
}
