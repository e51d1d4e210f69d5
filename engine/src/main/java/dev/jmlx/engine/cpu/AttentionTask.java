package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
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
    private final RopeKernels ropes;
    private final WorkerPool.Task storeRows = this::storeRows;
    private final WorkerPool.Task attendUnit = this::attendUnit;
    private final WorkerPool.Task mergeTile = this::mergeTile;

    // The arguments of the call that is running.
    private CpuTensor q = new CpuTensor();
    private @Nullable CpuTensor k;
    private @Nullable CpuTensor v;
    private CpuTensor out = q;
    private @Nullable RopeKernel rope;
    private @Nullable Batch batch;
    private KvCache.@Nullable Full cache;
    private @Nullable CpuTensor chosen;
    private AttentionSpec spec = AttentionSpec.of(1, null);
    private int blockRows;
    private float[] partials = new float[0];

    /// Runs on `pool` in units for `threads` threads.
    AttentionTask(WorkerPool pool, int threads, RopeKernels ropes) {
        this.pool = pool;
        this.ropes = ropes;
        plan = new AttentionPlan(threads);
        tiles = new AttentionTile[pool.threads()];
        stores = new KvStore[pool.threads()];
        for (var i = 0; i < tiles.length; i++) {
            tiles[i] = new AttentionTile();
            stores[i] = new KvStore();
        }
    }

    /// Fills `result`; shapes were checked. `positions` null: tokens attend to all that they reach.
    void apply(
            CpuTensor queries,
            @Nullable CpuTensor keys,
            @Nullable CpuTensor values,
            AttentionSpec rule,
            Batch tokens,
            KvCache.Full layer,
            @Nullable CpuTensor positions,
            CpuTensor result) {
        q = queries;
        k = keys;
        v = values;
        out = result;
        batch = tokens;
        cache = layer;
        chosen = positions;
        spec = rule;
        rope = rule.rope() == null ? null : ropes.kernel(rule.rope(), tokens);
        blockRows = Math.clamp(Math.ceilDiv(tokens.tokenCount(), pool.threads()), 1, MAX_ROWS);
        pool.run(storeRows, Math.ceilDiv(tokens.tokenCount(), blockRows));
        var most = positions == null ? Integer.MAX_VALUE : positions.cols();
        plan.plan(tokens, layer, Shapes.headsPerKvHead(queries, layer), most);
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
            }
            if (k != null) {
                storeRow(stores[worker], k, v == null ? k : v, row, tokens.segmentSlot(segment), position);
            }
        }
    }

    private void storeRow(KvStore store, CpuTensor keys, CpuTensor values, int row, int slot, int position) {
        var layer = Objects.requireNonNull(cache);
        if (rope != null) {
            rope.rotate(keys.data(), keys.rowOffset(row), keys.cols(), layer.headDim(), position);
        }
        store.store(keys.data(), keys.rowOffset(row), values.data(), values.rowOffset(row), layer, slot, position);
    }

    private void attendUnit(int worker, int unit) {
        var layer = Objects.requireNonNull(cache);
        var tile = tiles[worker];
        var row = plan.row(unit);
        var kvHead = plan.kvHead(unit);
        var position = Objects.requireNonNull(batch).position(row);
        tile.load(q, row, plan.tokens(unit), position, kvHead, spec, layer);
        if (spec.sinks() != null && plan.piece(unit) == 0) {
            tile.addSinks(spec.sinks(), kvHead, layer.type());
        }
        if (chosen == null) {
            tile.attend(layer, plan.slot(unit), kvHead, plan.from(unit), plan.to(unit));
        } else {
            var at = chosen.rowOffset(row);
            tile.attendChosen(layer, plan.slot(unit), chosen.data(), at, plan.from(unit), plan.to(unit));
        }
        if (plan.pieces(unit) == 1) {
            tile.store(out, row, kvHead, layer);
        } else {
            tile.storePartial(partials, plan.partial(unit));
        }
    }

    /// Merges the units of the tile that begins with `unit`; nothing to do for another unit.
    private void mergeTile(int worker, int unit) {
        if (plan.pieces(unit) == 1 || plan.piece(unit) > 0) {
            return;
        }
        var layer = Objects.requireNonNull(cache);
        var valueDim = layer.valueDim();
        var width = AttentionTile.width(layer);
        var group = Shapes.headsPerKvHead(q, layer);
        var rows = plan.tokens(unit) * group;
        var first = plan.partial(unit);
        for (var row = 0; row < rows; row++) {
            var sum = AttentionMerge.row(partials, first, plan.pieces(unit), rows, width, row);
            var factor = AttentionTile.resultFactor(layer) / sum;
            var to = out.rowOffset(plan.row(unit) + row / group) + (plan.kvHead(unit) * group + row % group) * valueDim;
            for (var d = 0; d < valueDim; d++) {
                out.data()[to + d] = partials[first + row * width + d] * factor;
            }
        }
    }
}
