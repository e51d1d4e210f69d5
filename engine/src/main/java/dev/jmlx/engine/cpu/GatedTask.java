package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The first half of a gated MLP for one token, in one pass over gate and up: `activation(gate(x)) * up(x)`.
///
/// Blocks are rows of both matrices, so the activation costs no extra barrier. One long-lived object per
/// [CpuOps]; engine thread, workers inside [#apply].
final class GatedTask implements WorkerPool.Task {
    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final TokenInput input;
    private @Nullable RowBlocks gate;
    private @Nullable RowBlocks up;
    private CpuTensor out = new CpuTensor();
    private Activation activation = Activation.SILU;

    GatedTask(WorkerPool pool, Scratch[] scratch, TokenInput input) {
        this.pool = pool;
        this.scratch = scratch;
        this.input = input;
    }

    /// Whether gate and up read the same arrangement of one token.
    static boolean applies(CpuTensor x, RowBlocks gate, RowBlocks up) {
        return x.rows() == 1 && MatVec.applies(gate) && VectorInput.same(gate, up);
    }

    /// Fills `result`, `[1, gate.rows]`; shapes were checked and [#applies] holds.
    void apply(CpuTensor x, RowBlocks gateWeight, RowBlocks upWeight, Activation kind, CpuTensor result) {
        input.prepare(x, gateWeight);
        gate = gateWeight;
        up = upWeight;
        activation = kind;
        out = result;
        pool.run(this, Shares.units(pool.threads()));
    }

    @Override
    public void run(int worker, int unit) {
        var first = Objects.requireNonNull(gate);
        var second = Objects.requireNonNull(up);
        var from = Shares.start(first.blocks(), pool.threads(), unit);
        var end = Shares.start(first.blocks(), pool.threads(), unit + 1);
        if (from == end) {
            return;
        }
        var to = out.offset() + from * Lanes.COUNT;
        var upped = scratch[worker].results((end - from) * Lanes.COUNT);
        input.multiply(first, from, end, out.data(), to);
        input.multiply(second, from, end, upped, 0);
        var rows = Math.min(first.rows(), end * Lanes.COUNT) - from * Lanes.COUNT;
        Exponentials.gate(activation, out.data(), to, upped, 0, rows);
    }
}
