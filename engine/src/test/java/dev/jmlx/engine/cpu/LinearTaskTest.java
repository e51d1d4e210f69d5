package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.Arena;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How the linear layers of a prompt are shared out, and that nobody sees it in the results.
final class LinearTaskTest {
    private static final int COLS = 64;

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

    @ParameterizedTest
    @ValueSource(ints = {255, 256, 333})
    void severalThreadsComputeWhatOneDoes(int tokens) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(5, arena);
            // Three units and a part at any width of vectors.
            var rows = 3 * ShortGemm.ROWS - 5;
            var weight = random.quantized(rows, COLS, 4, 32, DType.F16);
            var bias = new DenseVector(random.values(rows));
            var x = random.activations(tokens, COLS);
            var expected = linear(1, arena, x, weight, bias);
            assertThat(linear(2, arena, x, weight, bias)).isEqualTo(expected);
            assertThat(linear(3, arena, x, weight, bias)).isEqualTo(expected);
        }
    }

    private static float[] linear(int threads, Arena arena, Matrix x, Matrix weight, DenseVector bias) {
        try (var ops = new CpuOps(threads, Precision.FAST)) {
            var ids = new int[x.rows()];
            for (var i = 0; i < ids.length; i++) {
                ids[i] = i;
            }
            var batch = new Batch(ids.length, 1);
            batch.add(0, 0, ids, 0, ids.length, Batch.Logits.NONE);
            ops.beginStep();
            var y = ops.linear(ops.embed(ops.prepare(x, arena), batch), ops.prepare(weight, arena), bias);
            var values = new float[x.rows() * weight.rows()];
            var row = new float[weight.rows()];
            for (var r = 0; r < x.rows(); r++) {
                ops.readRow(y, r, row);
                System.arraycopy(row, 0, values, r * row.length, row.length);
            }
            return values;
        }
    }
}
