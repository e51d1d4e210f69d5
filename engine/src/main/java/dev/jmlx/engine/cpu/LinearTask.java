package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DenseVector;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A linear layer over stretches of weight rows; one long-lived object per [CpuOps], run on its pool.
///
/// One token goes to [MatVec]; several to [PanelTile], over panels that are unpacked once for all tokens.
/// Engine thread, workers inside [#apply].
final class LinearTask implements WorkerPool.Task {
    /// Weights in a unit of matrix-vector work: one or two microseconds.
    private static final int UNIT_WEIGHTS = Integer.getInteger("unit", 1 << 15);

    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final VectorInput input;
    private CpuTensor x = new CpuTensor();
    private CpuTensor out = x;
    private @Nullable RowBlocks weight;
    private float @Nullable [] bias;
    private boolean vector;
    private int unitBlocks;

    LinearTask(WorkerPool pool, Scratch[] scratch, VectorInput input) {
        this.pool = pool;
        this.scratch = scratch;
        this.input = input;
    }

    /// `result = tokens * matrix^T (+ values)`; shapes were checked.
    void apply(CpuTensor tokens, RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        x = tokens;
        weight = matrix;
        bias = values == null ? null : values.values();
        out = result;
        vector = tokens.rows() == 1 && MatVec.applies(matrix);
        if (vector) {
            input.prepare(tokens, matrix);
        }
        unitBlocks = vector ? unitBlocks(matrix) : 2;
        pool.run(this, (matrix.blocks() + unitBlocks - 1) / unitBlocks);
    }

    /// Row blocks in a unit of matrix-vector work.
    static int unitBlocks(RowBlocks matrix) {
        return Math.max(1, UNIT_WEIGHTS / (matrix.cols() * Lanes.COUNT));
    }

    @Override
    public void run(int worker, int unit) {
        var matrix = Objects.requireNonNull(weight);
        var from = unit * unitBlocks;
        var end = Math.min(matrix.blocks(), from + unitBlocks);
        if (vector) {
            MatVec.blocks(matrix, from, end, input, out.data(), out.offset() + from * Lanes.COUNT);
        } else {
            panels(matrix, from, scratch[worker]);
        }
        addBias(from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
    }

    private void addBias(int from, int end) {
        var values = bias;
        if (values == null) {
            return;
        }
        for (var t = 0; t < x.rows(); t++) {
            for (var r = from; r < end; r++) {
                out.data()[out.rowOffset(t) + r] += values[r];
            }
        }
    }

    /// The rows of two blocks, for all tokens.
    private void panels(RowBlocks matrix, int block, Scratch own) {
        var tokens = x.rows();
        var sums = own.sums(tokens * Panel.ROWS);
        Arrays.fill(sums, 0, tokens * Panel.ROWS, 0);
        for (var k = 0; k < matrix.cols(); k += Panel.DEPTH) {
            var count = Math.min(Panel.DEPTH, matrix.cols() - k);
            own.panel().unpack(matrix, block, k, count);
            multiply(own.panel().data(), k, count, tokens, sums);
        }
        var first = block * Lanes.COUNT;
        var rows = Math.min(Panel.ROWS, matrix.rows() - first);
        for (var t = 0; t < tokens; t++) {
            System.arraycopy(sums, t * Panel.ROWS, out.data(), out.rowOffset(t) + first, rows);
        }
    }

    private void multiply(float[] panel, int k, int count, int tokens, float[] sums) {
        var t = 0;
        for (; t <= tokens - 8; t += 8) {
            PanelTile.eight(panel, count, x.data(), x.rowOffset(t) + k, x.cols(), sums, t * Panel.ROWS);
        }
        for (; t <= tokens - 4; t += 4) {
            PanelTile.four(panel, count, x.data(), x.rowOffset(t) + k, x.cols(), sums, t * Panel.ROWS);
        }
        for (; t < tokens; t++) {
            PanelTile.one(panel, count, x.data(), x.rowOffset(t) + k, sums, t * Panel.ROWS);
        }
    }
}
