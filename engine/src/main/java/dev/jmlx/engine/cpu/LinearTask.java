package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DenseVector;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A linear layer that [DecodeLinears] has no kernel for, over units of weight rows: [FloatGemm], or [ShortGemm]
/// for many tokens and 4-bit weights unless f32 activations were asked for, which takes shares of the tokens too
/// where units are few. One long-lived object per [CpuOps], run on its pool. Engine thread, workers inside [#apply].
final class LinearTask implements WorkerPool.Task {
    /// Columns from which on several units of [ShortGemm] share what they read of the activations.
    private static final int WIDE = 4096;

    private static final int WIDE_UNITS = 8;

    /// Tiles of tokens in a share, at least: 128 tokens, 64 with narrow vectors. Each share unpacks all weights,
    /// which is 2 % of the work for 256 tokens.
    private static final int LEAST_TILES = 16;

    /// The part of all threads' time that may remain unused for want of units.
    private static final double UNUSED = 0.05;

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

    /// Units of rows.
    private int units;

    /// Shares of the tokens; each has all units of rows.
    private int shares;

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
            unitBlocks = ShortGemm.BLOCKS * (matrix.cols() >= WIDE ? wideUnits(matrix) : 1);
        } else {
            floats = inputs.tokens().floats(rows);
            unitBlocks = FloatGemm.BLOCKS;
        }
        units = Math.ceilDiv(matrix.blocks(), unitBlocks);
        shares = inShorts ? shares(units, pool.threads(), shorts.tiles()) : 1;
        pool.run(this, units * shares);
    }

    /// How many units of [ShortGemm] are taken at once, such that all calls have about as many.
    private static int wideUnits(RowBlocks matrix) {
        var units = Math.ceilDiv(matrix.blocks(), ShortGemm.BLOCKS);
        return Math.ceilDiv(units, Math.ceilDiv(units, WIDE_UNITS));
    }

    /// Into how many shares the tokens fall so that hardly any thread's time remains unused, or as little as
    /// possible. Nine units of rows, one share and two threads leave a tenth.
    static int shares(int units, int threads, int tiles) {
        var best = 1;
        for (var shares = 1; shares == 1 || tiles / shares >= LEAST_TILES; shares++) {
            if (unused(units * shares, threads) < unused(units * best, threads)) {
                best = shares;
            }
            if (unused(units * best, threads) <= UNUSED) {
                break;
            }
        }
        return best;
    }

    /// The part of all threads' time in which one waits for another that has a unit more.
    private static double unused(int units, int threads) {
        return 1 - units / ((double) Math.ceilDiv(units, threads) * threads);
    }

    @Override
    public void run(int worker, int number) {
        var matrix = Objects.requireNonNull(weight);
        var unit = number % units;
        var from = unit * unitBlocks;
        var end = Math.min(matrix.blocks(), from + unitBlocks);
        if (inShorts) {
            multiplyShorts((RowBlocks.Quantized) matrix, from, end, number / units, scratch[worker].shortGemm());
        } else {
            scratch[worker].floatGemm().multiply(matrix, unit, floats, out.data(), out.offset(), out.cols());
            addBias(out, bias, from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
        }
    }

    /// The row blocks `from .. end - 1` for one share of the tokens.
    private void multiplyShorts(RowBlocks.Quantized matrix, int from, int end, int share, ShortGemm gemm) {
        var first = from / ShortGemm.BLOCKS;
        var last = Math.ceilDiv(end, ShortGemm.BLOCKS);
        var firstTile = shorts.tiles() * share / shares;
        var endTile = shorts.tiles() * (share + 1) / shares;
        gemm.multiply(matrix, first, last, shorts, firstTile, endTile, out.data(), out.offset(), out.cols());
        var endRow = Math.min(matrix.rows(), end * Lanes.COUNT);
        var endToken = Math.min(out.rows(), endTile * FloatInput.WIDTH);
        addBias(out, firstTile * FloatInput.WIDTH, endToken, bias, from * Lanes.COUNT, endRow);
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
        addBias(out, 0, out.rows(), values, from, end);
    }

    private static void addBias(
            CpuTensor out, int firstToken, int endToken, float @Nullable [] values, int from, int end) {
        if (values == null) {
            return;
        }
        for (var t = firstToken; t < endToken; t++) {
            for (var r = from; r < end; r++) {
                out.data()[out.rowOffset(t) + r] += values[r];
            }
        }
    }
}
