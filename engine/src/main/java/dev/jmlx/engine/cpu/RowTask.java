package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The operations that look at one row at a time (norm, sum, gate), spread over the pool when there are many
/// rows.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside the operations.
final class RowTask implements WorkerPool.Task {
    /// Elements in a block: about 2 microseconds, ten times what handing it out costs.
    private static final int BLOCK_ELEMENTS = 1 << 14;

    private final WorkerPool pool;
    private Kind kind = Kind.ADD;
    private CpuTensor a = new CpuTensor();
    private CpuTensor b = a;
    private CpuTensor out = a;
    private float @Nullable [] weight;
    private float eps;
    private Activation activation = Activation.SILU;
    private int blockRows;

    private enum Kind {
        ADD,
        RMS_NORM,
        GATE
    }

    RowTask(WorkerPool pool) {
        this.pool = pool;
    }

    void add(CpuTensor x, CpuTensor y, CpuTensor result) {
        b = y;
        start(Kind.ADD, x, result);
    }

    void rmsNorm(CpuTensor x, float[] scale, float epsilon, CpuTensor result) {
        weight = scale;
        eps = epsilon;
        start(Kind.RMS_NORM, x, result);
    }

    /// `gate = activation(gate) * up`.
    void gate(CpuTensor gate, CpuTensor up, Activation function) {
        b = up;
        activation = function;
        start(Kind.GATE, gate, gate);
    }

    @Override
    public void run(int worker, int block) {
        var end = Math.min(a.rows(), (block + 1) * blockRows);
        for (var row = block * blockRows; row < end; row++) {
            var from = a.rowOffset(row);
            var to = out.rowOffset(row);
            switch (kind) {
                case ADD -> Elementwise.add(a.data(), from, b.data(), b.rowOffset(row), out.data(), to, a.cols());
                case RMS_NORM ->
                    Elementwise.rmsNorm(a.data(), from, Objects.requireNonNull(weight), eps, out.data(), to);
                case GATE -> GatedTask.activate(activation, a.data(), from, b.data(), b.rowOffset(row), a.cols());
            }
        }
    }

    private void start(Kind operation, CpuTensor x, CpuTensor result) {
        kind = operation;
        a = x;
        out = result;
        blockRows = Math.max(1, BLOCK_ELEMENTS / Math.max(1, x.cols()));
        pool.run(this, (x.rows() + blockRows - 1) / blockRows);
    }
}
