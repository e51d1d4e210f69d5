package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Chooses the positions that sparse attention attends to: stores the new keys, scores [#ROWS] tokens at a time
/// over stretches of positions, then selects token by token.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside [#apply].
final class IndexTask {
    /// Tokens at a time: each has a score for every position before it.
    private static final int ROWS = 16;

    /// Positions that a unit of work scores.
    private static final int UNIT = 8 * IndexTile.STRETCH;

    private final WorkerPool pool;
    private final IndexTile[] tiles;
    private final KvStore[] stores;
    private final float[][] scratch;
    private final WorkerPool.Task storeRow = this::storeRow;
    private final WorkerPool.Task scoreUnit = this::scoreUnit;
    private final WorkerPool.Task selectRow = this::selectRow;

    // The arguments of the call that is running.
    private CpuTensor q = new CpuTensor();
    private CpuTensor k = q;
    private CpuTensor weights = q;
    private CpuTensor out = q;
    private @Nullable Batch batch;
    private KvCache.@Nullable Full cache;

    // The tokens that are being scored.
    private float[] scores = new float[0];
    private int firstRow;
    private int rows;
    private int stride;
    private int slot;

    IndexTask(WorkerPool pool) {
        this.pool = pool;
        tiles = new IndexTile[pool.threads()];
        stores = new KvStore[pool.threads()];
        scratch = new float[pool.threads()][0];
        for (var i = 0; i < tiles.length; i++) {
            tiles[i] = new IndexTile();
            stores[i] = new KvStore();
        }
    }

    /// Fills `result`, `[tokens, topK]`; shapes were checked.
    void apply(
            CpuTensor queries,
            CpuTensor keys,
            CpuTensor headWeights,
            Batch tokens,
            KvCache.Full layer,
            CpuTensor result) {
        q = queries;
        k = keys;
        weights = headWeights;
        batch = tokens;
        cache = layer;
        out = result;
        for (var segment = 0; segment < tokens.segmentCount(); segment++) {
            slot = tokens.segmentSlot(segment);
            firstRow = tokens.segmentStart(segment);
            pool.run(storeRow, tokens.segmentLength(segment));
            var end = tokens.segmentStart(segment + 1);
            for (; firstRow < end; firstRow += rows) {
                rows = Math.min(ROWS, end - firstRow);
                choose();
            }
        }
    }

    /// For the rows `firstRow .. firstRow + rows - 1`.
    private void choose() {
        var positions = Objects.requireNonNull(batch).position(firstRow + rows - 1) + 1;
        if (positions > out.cols()) {
            stride = Math.ceilDiv(positions, IndexTile.STRETCH) * IndexTile.STRETCH;
            if (scores.length < rows * stride) {
                scores = new float[2 * rows * stride];
            }
            pool.run(scoreUnit, rows * Math.ceilDiv(positions, UNIT));
        }
        pool.run(selectRow, rows);
    }

    private void storeRow(int worker, int index) {
        var row = firstRow + index;
        var position = Objects.requireNonNull(batch).position(row);
        var layer = Objects.requireNonNull(cache);
        stores[worker].store(k.data(), k.rowOffset(row), k.data(), k.rowOffset(row), layer, slot, position);
    }

    private void scoreUnit(int worker, int unit) {
        var row = unit % rows;
        var from = unit / rows * UNIT;
        var to = Math.min(from + UNIT, Objects.requireNonNull(batch).position(firstRow + row) + 1);
        if (from < to) {
            var layer = Objects.requireNonNull(cache);
            tiles[worker].load(q, weights, firstRow + row, layer);
            tiles[worker].score(layer, slot, from, to, scores, row * stride);
        }
    }

    private void selectRow(int worker, int row) {
        var positions = Objects.requireNonNull(batch).position(firstRow + row) + 1;
        var to = out.rowOffset(firstRow + row);
        if (positions <= out.cols()) {
            for (var position = 0; position < positions; position++) {
                out.data()[to + position] = position;
            }
            return;
        }
        if (scratch[worker].length < positions) {
            scratch[worker] = new float[2 * positions];
        }
        Selection.largest(scores, row * stride, positions, out.cols(), scratch[worker], out.data(), to);
    }
}
