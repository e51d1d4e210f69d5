package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jmlx.engine.ops.Activation;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExponentialsTest {
    private static double exact(Activation activation, double x) {
        return switch (activation) {
            case SILU -> x / (1 + Math.exp(-x));
            // The tanh form, without its cancellation where the result is small.
            case GELU -> x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case IDENTITY, RELU -> throw new IllegalArgumentException("no exponential");
            // The other side is 1.
            case CLAMPED_SILU -> 2 * Math.min(x, 7) / (1 + Math.exp(-1.702 * Math.min(x, 7)));
        };
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"IDENTITY", "RELU"})
    void gatesHoldOverTheWholeRange(Activation activation) {
        var count = 100_003;
        var random = new Random(1);
        var x = new float[count];
        for (var i = 0; i < count; i++) {
            x[i] = random.nextFloat(-100, 100) * (i % 3 == 0 ? 0.01f : 1);
        }
        var gate = x.clone();
        var up = new float[count];
        Arrays.fill(up, 1);
        Exponentials.gate(activation, gate, 0, up, 0, count);
        for (var i = 0; i < count; i++) {
            var expected = exact(activation, x[i]);
            // An error of the argument, which may be 88 and is rounded a few times, shows as relative error.
            assertThat((double) gate[i])
                    .as("%s of %s", activation, x[i])
                    .isCloseTo(expected, within(6e-5 * Math.abs(expected) + 1e-30));
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"IDENTITY", "RELU"})
    void gatesHoldAtTheEndsOfTheRange(Activation activation) {
        var gate = new float[2 * Lanes.COUNT + 1];
        var up = new float[gate.length];
        for (var i = 0; i < gate.length; i++) {
            gate[i] = i % 2 == 0 ? 1e30f : -1e4f;
            up[i] = 1;
        }
        Exponentials.gate(activation, gate, 0, up, 0, gate.length);
        for (var i = 0; i < gate.length; i++) {
            var highest = switch (activation) {
                case SILU, GELU -> 1e30f;
                case SIGMOID -> 1f;
                case IDENTITY, RELU -> throw new IllegalArgumentException("no exponential");
                case CLAMPED_SILU -> (float) exact(activation, 7);
            };
            assertThat(gate[i]).isCloseTo(i % 2 == 0 ? highest : 0, within(i % 2 == 0 ? 1e-6f * highest : 1e-30f));
        }
    }

    @Test
    void softcapHoldsOverTheWholeRange() {
        var count = 10_001;
        var x = new float[count];
        for (var i = 0; i < count; i++) {
            x[i] = (i - count / 2) * 0.4f;
        }
        var capped = x.clone();
        Exponentials.softcap(capped, 0, count, 1 / 30f, 30);
        for (var i = 0; i < count; i++) {
            assertThat((double) capped[i])
                    .as("of %s", x[i])
                    .isCloseTo(30 * Math.tanh(x[i] / 30.0), within(30 * 0x1p-22));
        }
    }
}
