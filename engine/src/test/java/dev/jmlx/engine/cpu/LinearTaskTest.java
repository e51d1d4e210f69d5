package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How the linear layers of a prompt are shared out, and that nobody sees it in the results.
///
/// Tolerance: a hundredth of the largest expected magnitude, since activations are rounded; rows, tokens or biases
/// that were mixed up or left out differ by about that magnitude.
final class LinearTaskTest {
    private static final double RELATIVE = 0.01;

    @ParameterizedTest
    @CsvSource({
        // units, threads, tiles: shares
        "9, 1, 64, 1", // one thread
        "24, 2, 64, 1", // even
        "9, 2, 64, 2", // 5 and 4 would be a tenth less
        "3, 2, 64, 2",
        "3, 2, 31, 1", // too few tokens for two shares
        "1, 2, 64, 2",
        "9, 8, 64, 4", // 40 places for 36
        "9, 8, 128, 6", // 56 places for 54, within a twentieth
        "101, 2, 64, 1", // a hundredth
    })
    void sharesOfTokensEvenOutFewUnits(int units, int threads, int tiles, int shares) {
        assertThat(LinearTask.shares(units, threads, tiles)).isEqualTo(shares);
    }

    /// Row blocks that are no multiple of a unit's; 257 and 333 tokens leave a narrow last tile or uneven shares.
    @ParameterizedTest
    @CsvSource({"64, 13, 255", "64, 13, 256", "64, 13, 257", "96, 21, 333", "4096, 33, 257"})
    void anyNumberOfThreadsComputesTheSame(int cols, int blocks, int tokens) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(5, arena);
            var rows = blocks * Lanes.COUNT - 3;
            var weight = random.quantized(rows, cols, 4, 32, DType.F16);
            var bias = new DenseVector(random.values(rows));
            var x = random.activations(tokens, cols);
            var expected = linear(new ScalarOps(), arena, x, weight, bias);
            var one = fast(1, arena, x, weight, bias);
            LayerValues.assertClose("one thread", one, expected, RELATIVE);
            for (var threads = 2; threads <= 4; threads++) {
                assertThat(fast(threads, arena, x, weight, bias)).isEqualTo(one);
            }
        }
    }

    private static float[] fast(int threads, Arena arena, Matrix x, Matrix weight, DenseVector bias) {
        try (var ops = new CpuOps(threads, Precision.FAST)) {
            return linear(ops, arena, x, weight, bias);
        }
    }

    private static float[] linear(Ops ops, Arena arena, Matrix x, Matrix weight, DenseVector bias) {
        ops.beginStep();
        var y = ops.linear(LayerValues.embedded(ops, x, arena), ops.prepare(weight, arena), bias);
        return LayerValues.of(ops, y);
    }
}
