package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.ScalarMatrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.function.Function;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.jspecify.annotations.Nullable;

/// Every operation of [CpuOps] but attention against [ScalarOps], over sizes that leave remainders everywhere.
///
/// Tolerance: a sum of n products in f32 errs by about sqrt(n) * 2^-24 times the root of the summed squares of
/// the products, when errors are independent; six times that is allowed, plus one rounding of the result.
class CpuOpsParityTest {
    private static final int[] BITS = {2, 3, 4, 5, 6, 8};
    private static final int[] GROUPS = {32, 64, 128};
    private static final QuantizationMode[] MODES = QuantizationMode.values();
    private static final DType[] FLOATS = {DType.F16, DType.BF16, DType.F32};
    private static final double ULP = 0x1p-24;
    private static final CpuOps ONE = new CpuOps(1, Precision.EXACT);
    private static final CpuOps TWO = new CpuOps(2, Precision.EXACT);

    /// For prepared weights: small, and freed by the collector.
    private static final Arena MEMORY = Arena.ofAuto();

    @AfterContainer
    static void endThreads() {
        ONE.close();
        TWO.close();
    }

    @Property(tries = 120)
    void quantizedLinear(
            @ForAll @IntRange(min = 0, max = 5) int bits,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 83) int rows,
            @ForAll @IntRange(min = 1, max = 9) int groups,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = groups * GROUPS[group];
            var weight = random.quantized(rows, cols, BITS[bits], GROUPS[group], FLOATS[type]);
            var bias = seed % 2 == 0 ? null : new DenseVector(random.values(rows));
            linear(random.activations(tokens, cols), weight, bias, tokens);
        }
    }

    @Property(tries = 60)
    void quantizedLinearOfOneToken(
            @ForAll @IntRange(min = 0, max = 5) int bits,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 203) int rows,
            @ForAll @IntRange(min = 1, max = 20) int groups,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = groups * GROUPS[group];
            var weight = random.quantized(rows, cols, BITS[bits], GROUPS[group], FLOATS[type]);
            linear(random.activations(1, cols), weight, null, 1);
        }
    }

    /// So wide that weights are in several parts, and of several bands.
    @Property(tries = 60)
    void wideQuantizedLinear(
            @ForAll @IntRange(min = 0, max = 5) int bits,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 1, max = 300) int rows,
            @ForAll @IntRange(min = 1_500, max = 9_000) int atLeast,
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = Math.ceilDiv(atLeast, GROUPS[group]) * GROUPS[group];
            var weight = random.quantized(rows, cols, BITS[bits], GROUPS[group], DType.BF16);
            linear(random.activations(tokens, cols), weight, null, tokens);
            linear(random.activations(1, cols), weight, null, 1);
        }
    }

    @Property(tries = 120)
    void microscaledLinear(
            @ForAll @IntRange(min = 1, max = 3) int mode,
            @ForAll @IntRange(min = 1, max = 83) int rows,
            @ForAll @IntRange(min = 1, max = 20) int groups,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = groups * MicroscaledFormat.of(MODES[mode]).groupSize;
            var weight = random.microscaled(rows, cols, MODES[mode]);
            var bias = seed % 2 == 0 ? null : new DenseVector(random.values(rows));
            linear(random.activations(tokens, cols), weight, bias, tokens);
            linear(random.activations(1, cols), weight, null, 1);
        }
    }

    @Property(tries = 40)
    void microscaledEmbed(
            @ForAll @IntRange(min = 1, max = 3) int mode,
            @ForAll @IntRange(min = 1, max = 7) int groups,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = groups * MicroscaledFormat.of(MODES[mode]).groupSize;
            var table = random.microscaled(9, cols, MODES[mode]);
            compare(9, cols, ops -> ops.embed(ops.prepare(table, MEMORY), all(9)), (_, _) -> 0);
        }
    }

    @Property(tries = 60)
    void denseLinear(
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 70) int rows,
            @ForAll @IntRange(min = 1, max = 300) int cols,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            linear(random.activations(tokens, cols), random.dense(rows, cols, FLOATS[type]), null, tokens);
        }
    }

    @Property(tries = 40)
    void embed(
            @ForAll @IntRange(min = 0, max = 5) int bits,
            @ForAll @IntRange(min = 0, max = 2) int group,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 7) int groups,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var table = random.quantized(9, groups * GROUPS[group], BITS[bits], GROUPS[group], FLOATS[type]);
            compare(9, table.cols(), ops -> ops.embed(ops.prepare(table, MEMORY), all(9)), (_, _) -> 0.5);
        }
    }

    @Property(tries = 40)
    void rmsNorm(
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll @IntRange(min = 1, max = 700) int cols,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var x = random.activations(tokens, cols);
            var weight = new DenseVector(random.values(cols));
            // Products only: each element errs relative to itself, by one rounding for each of four steps and half
            // the relative error of the sum of squares.
            compareRelative(
                    tokens,
                    cols,
                    ops -> ops.rmsNorm(embedded(ops, x, tokens), weight, cols, 1e-5f),
                    4 + Math.sqrt(cols) / 2);
        }
    }

    @Property(tries = 40)
    void rmsNormOfHeads(
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll @IntRange(min = 1, max = 9) int heads,
            @ForAll @IntRange(min = 1, max = 130) int headDim,
            @ForAll boolean weighsRows,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var x = random.activations(tokens, heads * headDim);
            var weight = new DenseVector(random.values(weighsRows ? heads * headDim : headDim));
            compareRelative(
                    tokens,
                    heads * headDim,
                    ops -> ops.rmsNorm(embedded(ops, x, tokens), weight, headDim, 1e-5f),
                    4 + Math.sqrt(headDim) / 2);
        }
    }

    @Property(tries = 40)
    void layerNorm(
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll @IntRange(min = 2, max = 700) int cols,
            @ForAll boolean hasBias,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var x = random.activations(tokens, cols);
            var weight = new DenseVector(random.values(cols));
            var bias = hasBias ? new DenseVector(random.values(cols)) : null;
            // The difference from the mean is exact but for its own rounding, so the product errs as rmsNorm's does;
            // a bias may then cancel most of it.
            var products = values(
                    new ScalarOps(), tokens, cols, ops -> ops.layerNorm(embedded(ops, x, tokens), weight, null, 1e-5f));
            compare(
                    tokens,
                    cols,
                    ops -> ops.layerNorm(embedded(ops, x, tokens), weight, bias, 1e-5f),
                    (row, col) -> (5 + Math.sqrt(cols) / 2)
                            * (Math.abs(products[row * cols + col])
                                    + (bias == null ? 0 : Math.abs(bias.values()[col]))));
        }
    }

    @Property(tries = 40)
    void elementwise(
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll @IntRange(min = 1, max = 100) int headDim,
            @ForAll Activation activation,
            @ForAll boolean interleaved,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = 4 * headDim;
            var x = random.activations(tokens, cols);
            var y = random.activations(tokens, cols);
            var batch = all(tokens);
            var positions = new PositionScale(0.3, 4, 1);
            var rope = new RopeTable(random.values(headDim / 2), interleaved, 1.5f);
            compareRelative(tokens, cols, ops -> ops.scale(embedded(ops, x, tokens), 0.7f), 2);
            compareRelative(tokens, cols, ops -> ops.scaleByPosition(embedded(ops, x, tokens), positions, batch), 2);
            compareNorm(tokens, cols, ops -> ops.softcap(embedded(ops, x, tokens), 3), 8 * ULP);
            compareNorm(
                    tokens,
                    cols,
                    ops -> ops.gated(embedded(ops, x, tokens), embedded(ops, y, tokens), activation),
                    8 * ULP);
            compareNorm(tokens, cols, ops -> ops.rope(embedded(ops, x, tokens), rope, headDim, batch), 8 * ULP);
        }
    }

    @Property(tries = 30)
    void add(
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll @IntRange(min = 1, max = 700) int cols,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var a = random.activations(tokens, cols);
            var b = random.activations(tokens, cols);
            compare(tokens, cols, ops -> ops.add(embedded(ops, a, tokens), embedded(ops, b, tokens)), (_, _) -> 0);
        }
    }

    @Property(tries = 60)
    void gatedMlp(
            @ForAll @IntRange(min = 0, max = 5) int bits,
            @ForAll @IntRange(min = 0, max = 2) int type,
            @ForAll @IntRange(min = 1, max = 5) int hidden,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll boolean dense,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var cols = 64;
            var inner = 32 * hidden;
            var gate = weight(random, inner, cols, BITS[bits], FLOATS[type], dense);
            var up = weight(random, inner, cols, BITS[bits], FLOATS[type], dense);
            var down = weight(random, cols - 1, inner, BITS[bits], FLOATS[type], dense);
            var x = random.activations(tokens, cols);
            // Two sums of products behind each other; results are of the order of their root mean square.
            compareNorm(
                    tokens,
                    cols - 1,
                    ops -> ops.gatedMlp(
                            embedded(ops, x, tokens),
                            ops.prepare(gate, MEMORY),
                            ops.prepare(up, MEMORY),
                            ops.prepare(down, MEMORY),
                            Activation.SILU),
                    12 * Math.sqrt(cols + inner) * ULP);
        }
    }

    private static void linear(Matrix.Dense x, Matrix weight, @Nullable DenseVector bias, int tokens) {
        var cols = weight.cols();
        var row = new double[cols];
        var values = new double[cols];
        compare(
                tokens,
                weight.rows(),
                ops -> ops.linear(embedded(ops, x, tokens), ops.prepare(weight, MEMORY), bias),
                (t, r) -> {
                    ScalarMatrix.row(weight, r, row);
                    ScalarMatrix.row(x, t, values);
                    var squares = bias == null ? 0.0 : (double) bias.values()[r] * bias.values()[r];
                    for (var c = 0; c < cols; c++) {
                        squares += row[c] * row[c] * values[c] * values[c];
                    }
                    // The largest weight of a group bounds its scale and bias, whose products may exceed those of the
                    // sum.
                    return 6 * Math.sqrt(cols) * Math.sqrt(squares) + 6 * Math.sqrt(cols) * 0.05;
                });
    }

    private static Tensor embedded(Ops ops, Matrix x, int tokens) {
        return ops.embed(ops.prepare(x, MEMORY), all(tokens));
    }

    private static Matrix weight(RandomWeights random, int rows, int cols, int bits, DType type, boolean dense) {
        return dense ? random.dense(rows, cols, type) : random.quantized(rows, cols, bits, 32, type);
    }

    private static Batch all(int tokens) {
        var batch = new Batch(tokens, 1);
        batch.add(0, 0, ids(0, tokens), 0, tokens, Batch.Logits.NONE);
        return batch;
    }

    private static int[] ids(int from, int count) {
        var ids = new int[count];
        for (var i = 0; i < count; i++) {
            ids[i] = from + i;
        }
        return ids;
    }

    private interface Tolerance {
        /// Allowed difference of one element, in roundings of 1.
        double at(int row, int col);
    }

    private static void compare(int rows, int cols, Function<Ops, Tensor> run, Tolerance tolerance) {
        var expected = values(new ScalarOps(), rows, cols, run);
        for (var ops : new Ops[] {ONE, TWO}) {
            var actual = values(ops, rows, cols, run);
            for (var i = 0; i < expected.length; i++) {
                var allowed = (tolerance.at(i / cols, i % cols) + 2 * Math.abs(expected[i])) * ULP;
                assertThat(Math.abs((double) actual[i] - expected[i]))
                        .as("row %d, column %d: %s for %s", i / cols, i % cols, actual[i], expected[i])
                        .isLessThanOrEqualTo(allowed);
            }
        }
    }

    /// Compares with a tolerance of so many roundings of each expected element itself.
    private static void compareRelative(int rows, int cols, Function<Ops, Tensor> run, double roundings) {
        var expected = values(new ScalarOps(), rows, cols, run);
        for (var ops : new Ops[] {ONE, TWO}) {
            var actual = values(ops, rows, cols, run);
            for (var i = 0; i < expected.length; i++) {
                assertThat(Math.abs((double) actual[i] - expected[i]))
                        .as("row %d, column %d: %s for %s", i / cols, i % cols, actual[i], expected[i])
                        .isLessThanOrEqualTo(roundings * Math.abs(expected[i]) * ULP);
            }
        }
    }

    /// Compares with a tolerance relative to the largest expected magnitude of the row.
    private static void compareNorm(int rows, int cols, Function<Ops, Tensor> run, double relative) {
        var expected = values(new ScalarOps(), rows, cols, run);
        for (var ops : new Ops[] {ONE, TWO}) {
            var actual = values(ops, rows, cols, run);
            for (var row = 0; row < rows; row++) {
                var largest = 0f;
                for (var i = row * cols; i < (row + 1) * cols; i++) {
                    largest = Math.max(largest, Math.abs(expected[i]));
                }
                for (var i = row * cols; i < (row + 1) * cols; i++) {
                    assertThat(Math.abs((double) actual[i] - expected[i]))
                            .as("row %d, column %d: %s for %s", row, i % cols, actual[i], expected[i])
                            .isLessThanOrEqualTo(relative * largest);
                }
            }
        }
    }

    private static float[] values(Ops ops, int rows, int cols, Function<Ops, Tensor> run) {
        ops.beginStep();
        var result = run.apply(ops);
        assertThat(result.rows()).isEqualTo(rows);
        assertThat(result.cols()).isEqualTo(cols);
        var values = new float[rows * cols];
        var row = new float[cols];
        for (var r = 0; r < rows; r++) {
            ops.readRow(result, r, row);
            System.arraycopy(row, 0, values, r * cols, cols);
        }
        return values;
    }
}
