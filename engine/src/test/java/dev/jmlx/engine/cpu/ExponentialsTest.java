package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ExponentialsTest {
    @Test
    void isWithinTwoUlpOfTheExactValueOverTheWholeRange() {
        var count = 4096;
        var values = new float[count + Lanes.COUNT];
        var random = new Random(7);
        for (var round = 0; round < 20; round++) {
            for (var i = 0; i < count; i++) {
                values[i] = -86.9f * random.nextFloat() * (round < 10 ? 1 : 0.05f);
            }
            var inputs = values.clone();
            Exponentials.softmaxRow(values, 0, count, 0);
            for (var i = 0; i < count; i++) {
                var exact = Math.exp(inputs[i]);
                assertThat(Math.abs(values[i] - exact))
                        .as("exp(%s)", inputs[i])
                        .isLessThan(2 * Math.ulp((float) exact));
            }
        }
    }

    @Test
    void givesZeroToWhatIsMasked() {
        var values = new float[Lanes.COUNT + 3];
        values[0] = 1;
        values[1] = Float.NEGATIVE_INFINITY;
        values[2] = -200;
        assertThat(Exponentials.softmaxRow(values, 0, 3, 1)).isEqualTo(1);
        assertThat(values).startsWith(1, 0, 0);
    }

    @Test
    void siluHoldsAtTheEndsOfTheRange() {
        var gate = new float[2 * Lanes.COUNT + 1];
        var up = new float[gate.length];
        for (var i = 0; i < gate.length; i++) {
            gate[i] = i % 2 == 0 ? 1e30f : -1e4f;
            up[i] = 1;
        }
        Exponentials.siluTimes(gate, 0, up, 0, gate.length);
        for (var i = 0; i < gate.length; i++) {
            assertThat(gate[i])
                    .isCloseTo(
                            i % 2 == 0 ? 1e30f : 0, org.assertj.core.data.Offset.offset(1e24f * (1 - i % 2) + 1e-30f));
        }
    }
}
