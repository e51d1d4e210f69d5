package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.util.List;

/// Each head's columns times a weight of its own, for the few tokens of a decoding step: head by head on all
/// threads. A head's weights are small enough to be read from a cache for the second token.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside [#apply].
final class HeadsTask implements WorkerPool.Task {
    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final VectorInput[] inputs;
    private final CpuTensor[] parts;
    private CpuTensor x = new CpuTensor();
    private CpuTensor out = x;
    private List<Matrix> weights = List.of();

    HeadsTask(WorkerPool pool, Scratch[] scratch) {
        this.pool = pool;
        this.scratch = scratch;
        inputs = new VectorInput[pool.threads()];
        parts = new CpuTensor[pool.threads()];
        for (var i = 0; i < inputs.length; i++) {
            inputs[i] = new VectorInput();
            parts[i] = new CpuTensor();
        }
    }

    /// Whether there are kernels, and few tokens.
    static boolean applies(CpuTensor rows, List<Matrix> heads) {
        if (rows.rows() > DecodeLinears.MAX_TOKENS) {
            return false;
        }
        for (var head : heads) {
            if (!MatVec.applies((RowBlocks) head)) {
                return false;
            }
        }
        return true;
    }

    /// Fills `result`; shapes were checked and [#applies] holds.
    void apply(CpuTensor rows, List<Matrix> heads, CpuTensor result) {
        x = rows;
        weights = heads;
        out = result;
        pool.run(this, heads.size());
    }

    @Override
    public void run(int worker, int head) {
        var weight = (RowBlocks) weights.get(head);
        var part = parts[worker];
        var input = inputs[worker];
        var y = scratch[worker].results(weight.blocks() * Lanes.COUNT);
        for (var row = 0; row < x.rows(); row++) {
            part.point(x.data(), x.rowOffset(row) + head * weight.cols(), 1, weight.cols());
            input.forget();
            input.prepare(part, weight);
            MatVec.blocks(weight, 0, weight.blocks(), input, y, 0);
            System.arraycopy(y, 0, out.data(), out.rowOffset(row) + head * weight.rows(), weight.rows());
        }
    }
}
