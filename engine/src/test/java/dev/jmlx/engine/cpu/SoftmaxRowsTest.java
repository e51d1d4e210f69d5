package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxRowsTest {
    @Test
    void weightsAreWithinTwoUlpOfTheExactValueOverTheWholeRange() {
        var count = 4096;
        var values = new float[count];
        var random = new Random(7);
        for (var round = 0; round < 20; round++) {
            for (var i = 0; i < count; i++) {
                values[i] = -99.9f * random.nextFloat() * (round < 10 ? 1 : 0.05f);
            }
            var inputs = values.clone();
            SoftmaxRows.weights(values, 0, count, 1, 0, 0);
            for (var i = 0; i < count; i++) {
                var exact = Math.pow(2, inputs[i]);
                var allowed = 2 * Math.ulp((float) exact);
                assertThat(Math.abs(values[i] - exact)).as("2^%s", inputs[i]).isLessThan(allowed);
                assertThat(Math.abs(SoftmaxRows.power(inputs[i]) - exact))
                        .as("scalar 2^%s", inputs[i])
                        .isLessThan(allowed);
            }
        }
    }

    @Test
    void weightsCarryTheShiftAndTheFactor() {
        var values = new float[Lanes.roundUp(3)];
        values[0] = 1;
        values[1] = 0.5f;
        values[2] = -300;
        var max = SoftmaxRows.max(values, 0, 3);
        assertThat(max).isEqualTo(1);
        assertThat(SoftmaxRows.weights(values, 0, 3, 4, 4 * max, 100)).isEqualTo(1.25f * 0x1p100f);
        assertThat(values).startsWith(0x1p100f, 0.25f * 0x1p100f, 0);
    }

    @Test
    void givesZeroToWhatIsMasked() {
        var values = new float[2 * Lanes.COUNT];
        Arrays.fill(values, 5);
        values[0] = 1;
        values[1] = Float.NEGATIVE_INFINITY;
        values[2] = -200;
        assertThat(SoftmaxRows.max(values, 0, 3)).isEqualTo(1);
        assertThat(SoftmaxRows.weights(values, 0, 3, 1, 1, 0)).isEqualTo(1);
        assertThat(values).startsWith(1, 0, 0);
        assertThat(SoftmaxRows.power(Float.NEGATIVE_INFINITY)).isZero();
    }

    @Test
    void findsTheLargestOfAnySigns() {
        var random = new Random(3);
        for (var count = 1; count < 5 * Lanes.COUNT; count++) {
            var values = new float[7 + Lanes.roundUp(count)];
            var expected = Float.NEGATIVE_INFINITY;
            for (var i = 7; i < 7 + count; i++) {
                values[i] = (random.nextFloat() - (count % 3) * 0.5f) * 100;
                expected = Math.max(expected, values[i]);
            }
            assertThat(SoftmaxRows.max(values, 7, count)).isEqualTo(expected);
        }
    }
}
