package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.tensor.Matrix;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The first half of a gated MLP for one token, in one pass over gate and up: `activation(gate(x)) * up(x)`.
///
/// Blocks are rows of both matrices, so the activation costs no extra barrier. One long-lived object per [CpuOps];
/// engine thread, workers inside [#apply].
final class GatedTask implements WorkerPool.Task {
    private final WorkerPool pool;
    private final RowBlock[] scratch;
    private final LinearInput input;
    private Matrix.@Nullable Quantized gate;
    private Matrix.@Nullable Quantized up;
    private CpuTensor out = new CpuTensor();
    private Activation activation = Activation.SILU;
    private int blockRows;

    GatedTask(WorkerPool pool, RowBlock[] scratch, LinearInput input) {
        this.pool = pool;
        this.scratch = scratch;
        this.input = input;
    }

    /// Whether gate and up read the same arrangement of one token.
    static boolean applies(CpuTensor x, Matrix gate, Matrix up) {
        return x.rows() == 1
                && gate instanceof Matrix.Quantized g
                && up instanceof Matrix.Quantized u
                && g.bits() == u.bits()
                && g.groupSize() == u.groupSize();
    }

    /// Fills `result`, `[1, gate.rows]`; shapes were checked and [#applies] holds.
    void apply(CpuTensor x, Matrix.Quantized gateWeight, Matrix.Quantized upWeight, Activation kind, CpuTensor result) {
        input.prepare(x, PackedLayout.of(gateWeight));
        gate = gateWeight;
        up = upWeight;
        activation = kind;
        out = result;
        blockRows = LinearTask.blockRows(gateWeight);
        pool.run(this, (gateWeight.rows() + blockRows - 1) / blockRows);
    }

    @Override
    public void run(int worker, int block) {
        var first = Objects.requireNonNull(gate);
        var second = Objects.requireNonNull(up);
        var from = block * blockRows;
        var end = Math.min(first.rows(), from + blockRows);
        var to = out.offset() + from;
        var upped = scratch[worker].results(blockRows);
        QuantizedMatVec.rows(first, from, end, input, scratch[worker], out.data(), to);
        QuantizedMatVec.rows(second, from, end, input, scratch[worker], upped, 0);
        activate(activation, out.data(), to, upped, 0, end - from);
    }

    /// `gate = activation(gate) * up`, element by element.
    static void activate(Activation activation, float[] gate, int gateStart, float[] up, int upStart, int count) {
        switch (activation) {
            case SILU -> Exponentials.siluTimes(gate, gateStart, up, upStart, count);
        }
    }
}
