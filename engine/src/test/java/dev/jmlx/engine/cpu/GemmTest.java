package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// [FloatGemm] against a scalar product in double, and [ShortGemm] against one of the same integers.
///
/// Tolerance of both: f32 sums of n terms err by about sqrt(n) * 2^-24 times the root of their summed squares
/// when errors are independent; six times that is allowed. The integer sums are exact, so that their terms are
/// those of blocks of 32 or 64 columns and of groups.
class GemmTest {
    private static final int[] GROUPS = {32, 64, 128};
    private static final DType[] FLOATS = {DType.F16, DType.BF16, DType.F32};
    private static final double ULP = 0x1p-24;

    @Property(tries = 80)
    void floatsMatchTheScalarProduct(
            @ForAll @IntRange(min = 1, max = 300) int rows,
            @ForAll @IntRange(min = 1, max = 40) int groups,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 35) int tokens,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll long seed) {
        try (var arena = Arena.ofConfined()) {
            var random = new Random(seed);
            var weights =
                    RandomRowBlocks.weights(random, arena, rows, groups * GROUPS[group], GROUPS[group], FLOATS[type]);
            var x = activations(random, tokens, weights.cols());
            compare(weights, x, tokens, floats(weights, x, tokens), null);
        }
    }

    @Property(tries = 80)
    void shortsMatchTheScalarProductOfTheSameIntegers(
            @ForAll @IntRange(min = 1, max = 300) int rows,
            @ForAll @IntRange(min = 1, max = 40) int groups,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 35) int tokens,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 5) int unitsAtOnce,
            @ForAll long seed) {
        try (var arena = Arena.ofConfined()) {
            var random = new Random(seed);
            var weights =
                    RandomRowBlocks.weights(random, arena, rows, groups * GROUPS[group], GROUPS[group], FLOATS[type]);
            var x = activations(random, tokens, weights.cols());
            var input = input(x, tokens, weights.cols(), weights.groupSize());
            compare(weights, x, tokens, shorts(new ShortGemm(), input, weights, unitsAtOnce), input);
        }
    }

    @Property(tries = 200)
    void activationsAreRoundedToHalfAStepAndTheirAbsoluteValuesAddUpTo4095AtMost(
            @ForAll @IntRange(min = 1, max = 19) int tokens,
            @ForAll @IntRange(min = 0, max = 12) int outlier,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll long seed) {
        var cols = 3 * GROUPS[group];
        var x = activations(new Random(seed), tokens, cols);
        for (var t = 0; t < tokens; t++) {
            x[t * cols + Math.floorMod(seed + t, cols)] *= 1 << outlier;
        }
        var input = input(x, tokens, cols, GROUPS[group]);
        for (var t = 0; t < tokens; t++) {
            for (var col = 0; col < cols; col += input.block()) {
                var tile = t / FloatInput.WIDTH;
                var step = 0x1p16 * input.scales()[input.scalesAt(tile, col) + t % FloatInput.WIDTH];
                var sum = 0;
                for (var k = col; k < col + input.block(); k++) {
                    var value = rounded(input, t, k);
                    sum += (int) Math.abs(Math.round(value / step));
                    assertThat(Math.abs(value - x[t * cols + k])).isLessThanOrEqualTo(step * 0.501);
                }
                assertThat(sum).isBetween(4000, 4095);
            }
        }
    }

    @Test
    void infiniteScaleMakesItsRowNoNumbers() {
        for (var type : FLOATS) {
            try (var arena = Arena.ofConfined()) {
                var weights = RandomRowBlocks.weights(new Random(1), arena, 70, 320, 64, type);
                RandomRowBlocks.setInfinite(weights, 37, 2);
                var x = activations(new Random(2), 5, 320);
                var out = shorts(new ShortGemm(), input(x, 5, 320, 64), weights, 1);
                for (var i = 0; i < out.length; i++) {
                    assertThat(Float.isFinite(out[i]))
                            .as("%s element %d", type, i)
                            .isEqualTo(i % 70 != 37);
                }
            }
        }
    }

    /// All products of a block have the same sign and weights are -8: within 2 % of the largest sum that there is.
    @Test
    void theLargestSumsDoNotOverflow() {
        try (var arena = Arena.ofConfined()) {
            var weights = RandomRowBlocks.weights(new Random(1), arena, 70, 320, 64, DType.F32);
            for (var block = 0; block < weights.blocks(); block++) {
                for (var group = 0; group < weights.groups(); group++) {
                    var bytes = weights.scalesOffset();
                    weights.data()
                            .asSlice(weights.recordAt(block, group), bytes)
                            .fill((byte) 0);
                }
            }
            var x = new float[5 * 320];
            for (var i = 0; i < x.length; i++) {
                x[i] = i % 640 < 320 ? 3 : -3;
            }
            var input = input(x, 5, 320, 64);
            compare(weights, x, 5, shorts(new ShortGemm(), input, weights, 1), input);
        }
    }

    @Test
    void aTokenOfZerosGivesZeros() {
        try (var arena = Arena.ofConfined()) {
            var weights = RandomRowBlocks.weights(new Random(2), arena, 33, 64, 32, DType.BF16);
            var input = input(new float[2 * 64], 2, 64, 32);
            assertThat(shorts(new ShortGemm(), input, weights, 1)).containsOnly(0);
        }
    }

    @Test
    void anActivationThatIsNoNumberSpoilsItsTokenOnly() {
        try (var arena = Arena.ofConfined()) {
            var random = new Random(3);
            var weights = RandomRowBlocks.weights(random, arena, 17, 128, 64, DType.F16);
            var x = activations(random, 3, 128);
            x[128 + 77] = Float.NaN;
            var out = shorts(new ShortGemm(), input(x, 3, 128, 64), weights, 1);
            for (var row = 0; row < 17; row++) {
                assertThat(out[row]).isFinite();
                assertThat(out[17 + row]).isNaN();
                assertThat(out[34 + row]).isFinite();
            }
        }
    }

    /// A scratch object used for a large product and then for a small one.
    @Test
    void scratchMemoryLeavesNothingBehind() {
        try (var arena = Arena.ofConfined()) {
            var random = new Random(4);
            var gemm = new ShortGemm();
            var input = new ShortInput();
            for (var tokens : new int[] {31, 3, 12}) {
                var weights = RandomRowBlocks.weights(random, arena, 10 * tokens, 64 * tokens, 64, DType.BF16);
                var x = activations(random, tokens, weights.cols());
                fill(input, x, tokens, weights.cols(), 64);
                compare(weights, x, tokens, shorts(gemm, input, weights, 2), input);
            }
        }
    }

    private static float[] floats(RowBlocks.Quantized weights, float[] x, int tokens) {
        var input = new FloatInput();
        input.resize(tokens, weights.cols());
        for (var tile = 0; tile < input.tiles(); tile++) {
            input.pack(x, 0, weights.cols(), tile);
        }
        var gemm = new FloatGemm();
        var out = new float[tokens * weights.rows()];
        for (var unit = 0; unit < Math.ceilDiv(weights.blocks(), FloatGemm.BLOCKS); unit++) {
            gemm.multiply(weights, unit, input, out, 0, weights.rows());
        }
        return out;
    }

    private static ShortInput input(float[] x, int tokens, int cols, int groupSize) {
        var input = new ShortInput();
        fill(input, x, tokens, cols, groupSize);
        return input;
    }

    private static void fill(ShortInput input, float[] x, int tokens, int cols, int groupSize) {
        input.resize(tokens, cols, groupSize);
        var floats = new FloatInput();
        for (var tile = 0; tile < input.tiles(); tile++) {
            input.quantize(x, 0, cols, tile, floats);
        }
    }

    private static float[] shorts(ShortGemm gemm, ShortInput input, RowBlocks.Quantized weights, int unitsAtOnce) {
        var out = new float[input.tokens() * weights.rows()];
        Arrays.fill(out, Float.NaN);
        var units = Math.ceilDiv(weights.blocks(), ShortGemm.BLOCKS);
        var middle = input.tiles() / 2;
        for (var unit = 0; unit < units; unit += unitsAtOnce) {
            var end = Math.min(unit + unitsAtOnce, units);
            gemm.multiply(weights, unit, end, input, middle, input.tiles(), out, 0, weights.rows());
        }
        for (var i = 0; i < middle * FloatInput.WIDTH * weights.rows(); i++) {
            assertThat(out[i])
                    .as("element %d, of tokens that were not asked for", i)
                    .isNaN();
        }
        for (var unit = 0; unit < units; unit += unitsAtOnce) {
            var end = Math.min(unit + unitsAtOnce, units);
            gemm.multiply(weights, unit, end, input, 0, middle, out, 0, weights.rows());
        }
        return out;
    }

    private static void compare(
            RowBlocks.Quantized weights, float[] x, int tokens, float[] out, @Nullable ShortInput input) {
        for (var token = 0; token < tokens; token++) {
            for (var row = 0; row < weights.rows(); row++) {
                var sum = 0.0;
                var squares = 0.0;
                for (var col = 0; col < weights.cols(); col += 32) {
                    var group = col / weights.groupSize();
                    var scale = RandomRowBlocks.scale(weights, row, group);
                    var bias = RandomRowBlocks.bias(weights, row, group);
                    for (var k = col; k < col + 32; k++) {
                        var q = RandomRowBlocks.value(weights, row, k);
                        var exact = x[token * weights.cols() + k];
                        // As the kernel: the centred part of quantized activations, the rest of exact ones.
                        var rounded = input == null ? exact : rounded(input, token, k);
                        var product = scale * (q - 8) * rounded + (bias + 8 * scale) * exact;
                        sum += product;
                        squares += square(scale * (q - 8) * rounded) + square((bias + 8 * scale) * exact);
                    }
                }
                // A term may be as large as the sum of a block's products.
                var tolerance = 6 * ULP * Math.sqrt(weights.cols() * squares) + Float.MIN_NORMAL;
                assertThat((double) out[token * weights.rows() + row])
                        .as("token %d row %d", token, row)
                        .isCloseTo(sum, org.assertj.core.data.Offset.offset(tolerance));
            }
        }
    }

    /// What the kernel computes with instead of the activation of `token` and `col`.
    private static double rounded(ShortInput input, int token, int col) {
        var tile = token / FloatInput.WIDTH;
        var lane = token % FloatInput.WIDTH;
        var value = (short) input.values()[input.valuesAt(tile, col) + lane];
        return value * 0x1p16 * input.scales()[input.scalesAt(tile, col / 32 * 32) + lane];
    }

    private static double square(double value) {
        return value * value;
    }

    private static float[] activations(Random random, int tokens, int cols) {
        var x = new float[tokens * cols];
        for (var i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
