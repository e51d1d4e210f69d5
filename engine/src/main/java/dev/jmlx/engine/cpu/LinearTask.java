package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DenseVector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A linear layer that [DecodeLinears] has no kernel for, over units of weight rows: [FloatGemm], or [ShortGemm]
/// for many tokens and 4-bit weights unless f32 activations were asked for. One long-lived object per [CpuOps],
/// run on its pool. Engine thread, workers inside [#apply].
final class LinearTask implements WorkerPool.Task {
    /// Columns from which on several units of [ShortGemm] share what they read of the activations.
    private static final int WIDE = 4096;

    private static final int WIDE_UNITS = 8;

    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final Precision precision;
    private final LinearInputs inputs;
    private CpuTensor out = new CpuTensor();
    private @Nullable RowBlocks weight;
    private float @Nullable [] bias;
    private FloatInput floats = new FloatInput();
    private ShortInput shorts = new ShortInput();
    private boolean inShorts;
    private int unitBlocks;

    LinearTask(WorkerPool pool, Scratch[] scratch, Precision precision, LinearInputs inputs) {
        this.pool = pool;
        this.scratch = scratch;
        this.precision = precision;
        this.inputs = inputs;
    }

    /// `result = rows * matrix^T (+ values)`; shapes were checked.
    void apply(CpuTensor rows, RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        weight = matrix;
        bias = values == null ? null : values.values();
        out = result;
        inShorts = inShorts(rows, matrix);
        if (inShorts) {
            shorts = inputs.tokens().shorts(rows, ((RowBlocks.Quantized) matrix).groupSize());
            unitBlocks = ShortGemm.BLOCKS * (matrix.cols() >= WIDE ? WIDE_UNITS : 1);
        } else {
            floats = inputs.tokens().floats(rows);
            unitBlocks = FloatGemm.BLOCKS;
        }
        pool.run(this, Math.ceilDiv(matrix.blocks(), unitBlocks));
    }

    @Override
    public void run(int worker, int unit) {
        var matrix = Objects.requireNonNull(weight);
        var from = unit * unitBlocks;
        var end = Math.min(matrix.blocks(), from + unitBlocks);
        var own = scratch[worker];
        if (inShorts) {
            var first = from / ShortGemm.BLOCKS;
            var last = (end + ShortGemm.BLOCKS - 1) / ShortGemm.BLOCKS;
            var quantized = (RowBlocks.Quantized) matrix;
            own.shortGemm().multiply(quantized, first, last, shorts, out.data(), out.offset(), out.cols());
        } else {
            own.floatGemm().multiply(matrix, unit, floats, out.data(), out.offset(), out.cols());
        }
        addBias(out, bias, from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
    }

    /// Integers pay from more tokens on than [DecodeLinears] takes; below, most of the work is unpacking.
    private boolean inShorts(CpuTensor rows, RowBlocks matrix) {
        return precision == Precision.FAST
                && rows.rows() > DecodeLinears.MAX_TOKENS
                && matrix instanceof RowBlocks.Quantized quantized
                && quantized.bits() == 4;
    }

    /// Adds `values` to the columns `from .. end - 1` of `out`; null: nothing.
    static void addBias(CpuTensor out, float @Nullable [] values, int from, int end) {
        if (values == null) {
            return;
        }
        for (var t = 0; t < out.rows(); t++) {
            for (var r = from; r < end; r++) {
                out.data()[out.rowOffset(t) + r] += values[r];
            }
        }
    }
}
