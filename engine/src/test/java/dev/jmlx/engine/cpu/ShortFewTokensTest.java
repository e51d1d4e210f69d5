package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/// [ShortFewTokens] and, for one token, [ShortMatVec] against a scalar product in double of the same integers, and
/// [ShortFewInput], which makes
/// them.
///
/// Tolerance: that of [GemmTest] with the sums of up to 64 columns as terms.
class ShortFewTokensTest {
    private static final int[] GROUPS = {32, 64, 128};
    private static final DType[] TYPES = {DType.F16, DType.BF16};
    private static final double ULP = 0x1p-24;

    @Property(tries = 100)
    void matchesTheScalarProductOfTheSameIntegers(
            @ForAll @IntRange(min = 1, max = 300) int rows,
            @ForAll @IntRange(min = 1, max = 40) int groups,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 15) int tokens,
            @ForAll @IntRange(min = 0, max = 1) int type,
            @ForAll @IntRange(min = 1, max = 3) int threads,
            @ForAll long seed) {
        try (var arena = Arena.ofConfined();
                var pool = new WorkerPool(threads)) {
            var random = new Random(seed);
            var weights =
                    RandomRowBlocks.weights(random, arena, rows, groups * GROUPS[group], GROUPS[group], TYPES[type]);
            compare(weights, activations(random, tokens, weights.cols()), new ShortFewInput(pool));
        }
    }

    /// One input used for a large product and then for small ones, with stale values behind them.
    @Test
    void inputLeavesNothingBehind() {
        try (var arena = Arena.ofConfined();
                var pool = new WorkerPool(2)) {
            var random = new Random(4);
            var input = new ShortFewInput(pool);
            for (var tokens : new int[] {15, 2, 1, 5}) {
                var weights = RandomRowBlocks.weights(random, arena, 40, 640 * tokens, 64, DType.BF16);
                compare(weights, activations(random, tokens, weights.cols()), input);
            }
        }
    }

    @Property(tries = 200)
    void activationsAreRoundedToHalfAStepAndEachHalfAddsUpTo4095AtMost(
            @ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 12) int outlier,
            @ForAll long seed) {
        try (var pool = new WorkerPool(1)) {
            var x = activations(new Random(seed), tokens, 256);
            for (var t = 0; t < tokens; t++) {
                x.data()[t * 256 + Math.floorMod(seed + t, 256)] *= 1 << outlier;
            }
            var input = new ShortFewInput(pool);
            input.prepare(x, zeros(256, GROUPS[group]));
            var columns = ShortFewInput.columns(GROUPS[group]);
            for (var t = 0; t < tokens; t++) {
                for (var col = 0; col < 256; col += columns) {
                    var halves = new int[2];
                    for (var k = col; k < col + columns; k++) {
                        var step = step(input, t, k, columns);
                        halves[k / 4 % 2] += Math.abs(integer(input, t, k, columns));
                        assertThat(Math.abs(integer(input, t, k, columns) * step - x.data()[t * 256 + k]))
                                .isLessThanOrEqualTo(step * 0.501);
                    }
                    assertThat(Math.max(halves[0], halves[1])).isBetween(4000, 4095);
                }
            }
        }
    }

    /// All products of a sum have the same sign and weights are -8: within 2 % of the largest sum that there is.
    @Test
    void theLargestSumsFit() {
        try (var arena = Arena.ofConfined();
                var pool = new WorkerPool(1)) {
            var weights = RandomRowBlocks.weights(new Random(1), arena, 40, 320, 64, DType.BF16);
            for (var block = 0; block < weights.blocks(); block++) {
                for (var col = 0; col < 320; col += 8) {
                    var at = weights.wordAt(weights.planes().getFirst(), block, col);
                    for (var lane = 0; lane < Lanes.COUNT; lane++) {
                        weights.data().set(ValueLayout.JAVA_INT, at + 4L * lane, lane % 2 == 0 ? 0 : -1);
                    }
                }
            }
            var x = activations(new Random(1), 5, 320);
            for (var i = 0; i < x.data().length; i++) {
                x.data()[i] = i % 640 < 320 ? 3 : -3;
            }
            compare(weights, x, new ShortFewInput(pool));
        }
    }

    @Test
    void aTokenOfZerosGivesZeros() {
        try (var arena = Arena.ofConfined();
                var pool = new WorkerPool(1)) {
            var weights = RandomRowBlocks.weights(new Random(2), arena, 33, 64, 32, DType.BF16);
            assertThat(product(weights, tensor(2, 64), new ShortFewInput(pool))).containsOnly(0);
        }
    }

    @Test
    void anActivationThatIsNoNumberSpoilsItsTokenOnly() {
        try (var arena = Arena.ofConfined();
                var pool = new WorkerPool(1)) {
            var random = new Random(3);
            var weights = RandomRowBlocks.weights(random, arena, 17, 128, 64, DType.F16);
            for (var broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                var x = activations(random, 3, 128);
                x.data()[128 + 77] = broken;
                var out = product(weights, x, new ShortFewInput(pool));
                for (var row = 0; row < 17; row++) {
                    assertThat(out[row]).isFinite();
                    assertThat(Float.isFinite(out[17 + row])).isFalse();
                    assertThat(out[34 + row]).isFinite();
                }
            }
        }
    }

    private static void compare(RowBlocks.Quantized weights, CpuTensor x, ShortFewInput input) {
        var out = product(weights, x, input);
        var cols = weights.cols();
        var columns = ShortFewInput.columns(weights.groupSize());
        for (var token = 0; token < x.rows(); token++) {
            for (var row = 0; row < weights.rows(); row++) {
                var sum = 0.0;
                var squares = 0.0;
                for (var col = 0; col < cols; col++) {
                    var scale = RandomRowBlocks.scale(weights, row, col / weights.groupSize());
                    var bias = RandomRowBlocks.bias(weights, row, col / weights.groupSize());
                    var exact = x.data()[token * cols + col];
                    var rounded =
                            integer(input, token, col, columns) * step(input, token, col, columns) / factor(weights);
                    var centred = scale * (RandomRowBlocks.value(weights, row, col) - 8) * rounded;
                    var rest = (bias + 8 * scale) * exact;
                    sum += centred + rest;
                    squares += centred * centred + rest * rest;
                }
                var tolerance = 6 * ULP * Math.sqrt(cols * squares) + Float.MIN_NORMAL;
                assertThat((double) out[token * weights.rows() + row])
                        .as("token %d row %d", token, row)
                        .isCloseTo(sum, Offset.offset(tolerance));
            }
        }
    }

    private static float[] product(RowBlocks.Quantized weights, CpuTensor x, ShortFewInput input) {
        input.forget();
        input.prepare(x, weights);
        var rows = weights.blocks() * Lanes.COUNT;
        var sums = new float[ShortFewTokens.TOKENS * rows];
        var out = new float[x.rows() * weights.rows()];
        if (x.rows() == 1) {
            ShortMatVec.blocks(weights, 0, weights.blocks(), input, sums, 0);
            System.arraycopy(sums, 0, out, 0, out.length);
            return out;
        }
        for (var token = 0; token < x.rows(); token++) {
            if (token % ShortFewTokens.TOKENS == 0) {
                Arrays.fill(sums, 0);
                for (var part = 0; part < weights.parts(); part++) {
                    var tile = token / ShortFewTokens.TOKENS;
                    ShortFewTokens.blocks(weights, part, 0, weights.blocks(), input, tile, sums, 0, rows);
                }
            }
            var at = token % ShortFewTokens.TOKENS * rows;
            System.arraycopy(sums, at, out, token * weights.rows(), weights.rows());
        }
        return out;
    }

    /// What the kernel computes with instead of an activation, in steps.
    private static int integer(ShortFewInput input, int token, int col, int columns) {
        var word = col % columns / ShortFewTokens.COLUMNS * input.width() + token % input.width();
        var pair = input.width() + word * ShortFewTokens.PAIRS + col % ShortFewTokens.PAIRS;
        var ints = input.records()[record(input, token, col, columns) + pair];
        return col % ShortFewTokens.COLUMNS < ShortFewTokens.PAIRS ? (short) ints : ints >> 16;
    }

    private static double step(ShortFewInput input, int token, int col, int columns) {
        var scale = input.width() + columns / 2 * input.width() + token % input.width();
        return Float.intBitsToFloat(input.records()[record(input, token, col, columns) + scale]);
    }

    private static int record(ShortFewInput input, int token, int col, int columns) {
        return input.recordsAt(token / input.width()) + col / columns * input.recordInts(columns);
    }

    private static double factor(RowBlocks.Quantized weights) {
        return HalfFormat.of(weights.scaleType()).inFactor;
    }

    /// BF16 scales, whose activations carry no factor.
    private static RowBlocks.Quantized zeros(int cols, int groupSize) {
        return RowBlocks.Quantized.allocate(4, groupSize, DType.BF16, 1, cols, Arena.ofAuto()::allocate);
    }

    private static CpuTensor activations(Random random, int tokens, int cols) {
        var x = tensor(tokens, cols);
        for (var i = 0; i < tokens * cols; i++) {
            x.data()[i] = (float) random.nextGaussian();
        }
        return x;
    }

    private static CpuTensor tensor(int tokens, int cols) {
        var x = new CpuTensor();
        x.point(new float[tokens * cols], 0, tokens, cols);
        return x;
    }
}
