package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExponentialsTest {
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
