package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Linear layers that are noted one after the other and computed together, against [ScalarOps].
///
/// Tolerance: a hundred times the rounding of f32, relative to the largest expected magnitude, and a hundredth
/// where activations are rounded; layers that were mixed up differ by about that magnitude.
final class DecodeLinearsTest {
    private static final int COLS = 128;
    private static final double RELATIVE = 100 * 0x1p-24;
    private static final double RELATIVE_FAST = 0.01;

    private final Arena arena = Arena.ofShared();
    private final RandomWeights random = new RandomWeights(7, arena);
    private final List<CpuOps> exact = List.of(new CpuOps(1, Precision.EXACT), new CpuOps(2, Precision.EXACT));
    private final List<CpuOps> fast = List.of(new CpuOps(1, Precision.FAST), new CpuOps(3, Precision.FAST));

    @AfterEach
    void close() {
        exact.forEach(CpuOps::close);
        fast.forEach(CpuOps::close);
        arena.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void layersOfTheSameInputKeepTheirRowsAndBiases(int tokens) {
        var x = random.activations(tokens, COLS);
        var first = quantized(77, 4);
        var second = quantized(5, 4);
        var third = quantized(200, 4);
        var bias = new DenseVector(random.values(5));
        compare(x, (ops, in) -> {
            var weights = prepared(ops, List.of(first, second, third));
            return List.of(
                    ops.linear(in, weights.get(0), null),
                    ops.linear(in, weights.get(1), bias),
                    ops.linear(in, weights.get(2), null));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void moreLayersThanAreJoined(int tokens) {
        var x = random.activations(tokens, COLS);
        var layers = new ArrayList<Matrix>();
        for (var i = 0; i < 19; i++) {
            layers.add(quantized(10 + 9 * i, 4));
        }
        compare(
                x,
                (ops, in) -> prepared(ops, layers).stream()
                        .map(weight -> ops.linear(in, weight, null))
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void anotherFormatBetweenLayersOfTheSameInput(int tokens) {
        var x = random.activations(tokens, COLS);
        var layers = List.of(quantized(40, 4), quantized(40, 8), random.dense(33, COLS, DType.BF16), quantized(40, 4));
        compare(
                x,
                (ops, in) -> prepared(ops, layers).stream()
                        .map(weight -> ops.linear(in, weight, null))
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void layerThatReadsWhatWasOnlyNoted(int tokens) {
        var x = random.activations(tokens, COLS);
        var square = quantized(COLS, 4);
        var last = quantized(50, 4);
        var bias = new DenseVector(random.values(COLS));
        compare(x, (ops, in) -> {
            var weights = prepared(ops, List.of(square, last));
            var middle = ops.linear(in, weights.get(0), bias);
            return List.of(ops.linear(middle, weights.get(1), null), ops.linear(in, weights.get(1), null), middle);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void otherOperationsReadWhatWasOnlyNoted(int tokens) {
        var x = random.activations(tokens, COLS);
        var square = quantized(COLS, 4);
        compare(x, (ops, in) -> {
            var weight = ops.prepare(square, arena);
            var noted = ops.linear(in, weight, null);
            var sum = ops.add(noted, in);
            var mlp = ops.gatedMlp(ops.linear(sum, weight, null), weight, weight, weight, Activation.SILU);
            return List.of(noted, sum, mlp);
        });
    }

    @ParameterizedTest
    @CsvSource({"4, 1", "4, 3", "4, 4", "4, 9", "8, 1", "8, 4", "8, 15"})
    void gatedLayersWithEveryActivation(int bits, int tokens) {
        var x = random.activations(tokens, COLS);
        var gate = quantized(333, bits);
        var up = quantized(333, bits);
        var down = random.dense(50, 333, DType.F32);
        compare(x, (ops, in) -> {
            var weights = prepared(ops, List.of(gate, up, down));
            var noted = ops.linear(in, weights.get(1), null);
            var results = new ArrayList<>(List.of(noted));
            for (var activation : Activation.values()) {
                results.add(ops.gatedMlp(in, weights.get(0), weights.get(1), weights.get(2), activation));
            }
            return results;
        });
    }

    /// More columns than weights have in one part, floats of 8 bits, and 3 bits up to the most tokens and beyond.
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 8, 9})
    void gatedLayersOfOtherKinds(int tokens) {
        var down = random.dense(50, 64, DType.F32);
        var x = random.activations(tokens, 2176);
        for (var weight : List.of(
                random.quantized(64, 2176, 4, 64, DType.F16),
                random.quantized(64, 2176, 8, 32, DType.BF16),
                random.quantized(64, 2176, 3, 64, DType.F16),
                random.microscaled(64, 2176, QuantizationMode.MXFP8),
                random.dense(64, 2176, DType.BF16))) {
            compare(x, (ops, in) -> {
                var weights = prepared(ops, List.of(weight, down));
                return List.of(ops.gatedMlp(in, weights.get(0), weights.get(0), weights.get(1), Activation.SILU));
            });
        }
    }

    /// The next layer is an ordinary one again.
    @Test
    void gatedLayersThatFailAreForgotten() {
        var x = random.activations(2, COLS);
        // No kernel takes this type, which shows when activations are arranged for it.
        var unknown = new RowBlocks.Dense(arena.allocate(COLS * COLS), DType.U8, COLS, COLS);
        var first = quantized(40, 4);
        var second = quantized(40, 4);
        for (var ops : exact) {
            var down = ops.prepare(quantized(30, 4), arena);
            var in = embedded(ops, x);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ops.gatedMlp(in, unknown, unknown, down, Activation.SILU));
        }
        compare(x, (ops, in) -> {
            var weights = prepared(ops, List.of(first, second));
            return List.of(ops.linear(in, weights.get(0), null), ops.linear(in, weights.get(1), null));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 6})
    void gateAndUpOfDifferentFormats(int tokens) {
        var x = random.activations(tokens, COLS);
        var gate = quantized(96, 4);
        var up = quantized(96, 8);
        var down = random.quantized(40, 96, 4, 32, DType.F16);
        compare(x, (ops, in) -> {
            var weights = prepared(ops, List.of(gate, up, down));
            return List.of(
                    ops.gatedMlp(in, weights.get(0), weights.get(1), weights.get(2), Activation.GELU),
                    ops.gatedMlp(in, weights.get(1), weights.get(1), weights.get(2), Activation.GELU));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 4, 5, 15})
    void layersOfAStepThatNobodyReadAreDropped(int tokens) {
        var x = random.activations(tokens, COLS);
        var other = random.activations(tokens, COLS);
        var weight = quantized(COLS, 4);
        compare(x, (ops, in) -> {
            var prepared = ops.prepare(weight, arena);
            ops.linear(in, prepared, null);
            ops.beginStep();
            var again = embedded(ops, x);
            // Where the result of the step before would have been.
            var kept = embedded(ops, other);
            return List.of(ops.linear(again, prepared, null), kept);
        });
    }

    /// More than a few tokens take at a time, and than a thread takes in one unit.
    @ParameterizedTest
    @CsvSource({"4, 1", "4, 4", "4, 7", "8, 1", "8, 4", "8, 7"})
    void aLayerOfManyBlocks(int bits, int tokens) {
        var weight = quantized(17_001, bits);
        var bias = new DenseVector(random.values(17_001));
        compare(
                random.activations(tokens, COLS),
                (ops, in) -> List.of(ops.linear(in, ops.prepare(weight, arena), bias)));
    }

    /// Threads share the rounding of so many columns; weights are in several parts, and of two bands and more.
    @ParameterizedTest
    @CsvSource({"4, 1", "4, 2", "4, 4", "4, 9", "8, 1", "8, 4", "8, 9"})
    void aLayerOfManyColumns(int bits, int tokens) {
        var weight = random.quantized(530, 4224, bits, 64, DType.BF16);
        compare(
                random.activations(tokens, 4224),
                (ops, in) -> List.of(ops.linear(in, ops.prepare(weight, arena), null)));
    }

    /// Kernels write whole row blocks, behind a result that takes memory of its own.
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5})
    void aResultThatIsNotWholeRowBlocks(int tokens) {
        var weight = random.quantized(65_537, 32, 4, 32, DType.F16);
        compare(random.activations(tokens, 32), (ops, in) -> List.of(ops.linear(in, ops.prepare(weight, arena), null)));
    }

    @Test
    void inputWithoutRowsGivesAResultWithoutRows() {
        var weight = quantized(30, 4);
        for (var ops : exact) {
            var prepared = ops.prepare(weight, arena);
            var in = embedded(ops, random.activations(1, COLS));
            var before = ops.linear(in, prepared, null);
            var none = new Batch(1, 1);
            none.add(0, 0, new int[1], 0, 1, Batch.Logits.NONE);
            var result = ops.linear(ops.logitRows(in, none), prepared, new DenseVector(new float[30]));
            assertThat(result.rows()).isZero();
            assertThat(result.cols()).isEqualTo(30);
            assertThat(LayerValues.of(ops, before)).hasSize(30).doesNotContain(Float.NaN);
        }
    }

    private Matrix quantized(int rows, int bits) {
        return random.quantized(rows, COLS, bits, 32, DType.F16);
    }

    private List<Matrix> prepared(Ops ops, List<? extends Matrix> weights) {
        return weights.stream().map(weight -> ops.prepare(weight, arena)).toList();
    }

    private Tensor embedded(Ops ops, Matrix x) {
        return LayerValues.embedded(ops, x, arena);
    }

    /// Reads no result before all of them were asked for.
    private void compare(Matrix x, BiFunction<Ops, Tensor, List<Tensor>> run) {
        var scalar = new ScalarOps();
        scalar.beginStep();
        var expected = run.apply(scalar, embedded(scalar, x));
        exact.forEach(ops -> compare(ops, run.apply(begun(ops), embedded(ops, x)), scalar, expected, RELATIVE));
        fast.forEach(ops -> compare(ops, run.apply(begun(ops), embedded(ops, x)), scalar, expected, RELATIVE_FAST));
    }

    private static Ops begun(Ops ops) {
        ops.beginStep();
        return ops;
    }

    private static void compare(
            Ops ops, List<Tensor> actual, Ops scalar, List<Tensor> expected, double relativeTolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        for (var i = 0; i < actual.size(); i++) {
            var values = LayerValues.of(ops, actual.get(i));
            LayerValues.assertClose("result " + i, values, LayerValues.of(scalar, expected.get(i)), relativeTolerance);
        }
    }
}
