package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DenseVector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A linear layer over units of weight rows; one long-lived object per [CpuOps], run on its pool.
///
/// One token goes to [MatVec], a few to [FewTokens], several to [FloatGemm], and chunks of a prompt against
/// 4-bit weights to [ShortGemm] unless f32 activations were asked for. Engine thread, workers inside [#apply].
final class LinearTask implements WorkerPool.Task {
    /// Weights in a unit of matrix-vector work: a few microseconds, long enough for the prefetchers to
    /// get going.
    private static final int UNIT_WEIGHTS = 1 << 17;

    /// Tokens from which on integers are faster: below, most of the work is unpacking. More sequences
    /// than a server answers at a time, so that answers are computed in f32 whoever else is served.
    private static final int MIN_SHORT_TOKENS = 16;

    /// Row blocks in a unit of a few tokens at most: with 2,048 columns 70 kB, which the second four
    /// tokens find in the L2.
    private static final int MAX_FEW_BLOCKS = 4;

    /// Columns from which on several units of [ShortGemm] share what they read of the activations.
    private static final int WIDE = 4096;

    private static final int WIDE_UNITS = 8;

    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final Precision precision;
    private final LinearInputs inputs;
    private CpuTensor x = new CpuTensor();
    private CpuTensor out = x;
    private @Nullable RowBlocks weight;
    private float @Nullable [] bias;
    private FloatInput floats = new FloatInput();
    private ShortInput shorts = new ShortInput();
    private Kernel kernel = Kernel.VECTOR;
    private int unitBlocks;

    private enum Kernel {
        VECTOR,
        FEW,
        FLOATS,
        SHORTS
    }

    LinearTask(WorkerPool pool, Scratch[] scratch, Precision precision, LinearInputs inputs) {
        this.pool = pool;
        this.scratch = scratch;
        this.precision = precision;
        this.inputs = inputs;
    }

    /// `result = rows * matrix^T (+ values)`; shapes were checked.
    void apply(CpuTensor rows, RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        x = rows;
        weight = matrix;
        bias = values == null ? null : values.values();
        out = result;
        kernel = kernel(rows, matrix);
        switch (kernel) {
            case VECTOR -> {
                inputs.vector().prepare(rows, matrix);
                unitBlocks = unitBlocks(matrix);
            }
            case FEW -> {
                inputs.few().prepare(rows, (RowBlocks.Quantized) matrix);
                unitBlocks = Math.min(MAX_FEW_BLOCKS, unitBlocks(matrix));
            }
            case FLOATS -> {
                floats = inputs.tokens().floats(rows);
                unitBlocks = FloatGemm.BLOCKS;
            }
            case SHORTS -> {
                shorts = inputs.tokens().shorts(rows, ((RowBlocks.Quantized) matrix).groupSize());
                unitBlocks = ShortGemm.BLOCKS * (matrix.cols() >= WIDE ? WIDE_UNITS : 1);
            }
        }
        pool.run(this, Math.ceilDiv(matrix.blocks(), unitBlocks));
    }

    /// Row blocks in a unit of matrix-vector work: small layers are one unit for each thread.
    int unitBlocks(RowBlocks matrix) {
        var blocks = Math.max(1, UNIT_WEIGHTS / (matrix.cols() * Lanes.COUNT));
        return Math.clamp(Math.ceilDiv(matrix.blocks(), pool.threads()), 1, blocks);
    }

    @Override
    public void run(int worker, int unit) {
        var matrix = Objects.requireNonNull(weight);
        var from = unit * unitBlocks;
        var end = Math.min(matrix.blocks(), from + unitBlocks);
        var own = scratch[worker];
        switch (kernel) {
            case VECTOR ->
                MatVec.blocks(matrix, from, end, inputs.vector(), out.data(), out.offset() + from * Lanes.COUNT);
            case FEW -> few((RowBlocks.Quantized) matrix, from, end, own);
            case FLOATS -> own.floatGemm().multiply(matrix, unit, floats, out.data(), out.offset(), out.cols());
            case SHORTS -> {
                var first = from / ShortGemm.BLOCKS;
                var last = (end + ShortGemm.BLOCKS - 1) / ShortGemm.BLOCKS;
                var quantized = (RowBlocks.Quantized) matrix;
                own.shortGemm().multiply(quantized, first, last, shorts, out.data(), out.offset(), out.cols());
            }
        }
        addBias(from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
    }

    private Kernel kernel(CpuTensor rows, RowBlocks matrix) {
        if (rows.rows() == 1 && MatVec.applies(matrix)) {
            return Kernel.VECTOR;
        }
        if (rows.rows() < MIN_SHORT_TOKENS && FewTokens.applies(matrix)) {
            return Kernel.FEW;
        }
        return precision == Precision.FAST
                        && rows.rows() >= MIN_SHORT_TOKENS
                        && matrix instanceof RowBlocks.Quantized quantized
                        && quantized.bits() == 4
                ? Kernel.SHORTS
                : Kernel.FLOATS;
    }

    private void few(RowBlocks.Quantized matrix, int from, int end, Scratch own) {
        var few = inputs.few();
        var sums = own.results((end - from) * FewTokens.TOKENS * Lanes.COUNT);
        for (var tile = 0; tile < few.tiles(); tile++) {
            FewTokens.blocks(matrix, from, end, few, tile, sums);
            var first = tile * FewTokens.TOKENS;
            for (var t = first; t < Math.min(x.rows(), first + FewTokens.TOKENS); t++) {
                for (var block = from; block < end; block++) {
                    var row = block * Lanes.COUNT;
                    var sum = ((block - from) * FewTokens.TOKENS + t - first) * Lanes.COUNT;
                    var count = Math.min(Lanes.COUNT, matrix.rows() - row);
                    System.arraycopy(sums, sum, out.data(), out.rowOffset(t) + row, count);
                }
            }
        }
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
}
