package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LanesTest {
    @Test
    void obeysTheWidthThatThePropertyForces() {
        Integer forced = Integer.getInteger("jmlx.vector.bits");
        assertThat(Lanes.FLOAT.vectorBitSize())
                .isIn(forced == null ? new Object[] {64, 128, 256, 512} : new Object[] {forced});
        assertThat(Lanes.HALF.length()).isEqualTo(Lanes.COUNT);
        assertThat(Lanes.BYTES).isEqualTo(4 * Lanes.COUNT);
    }

    @Test
    void roundsUpToWholeVectors() {
        assertThat(Lanes.roundUp(0)).isZero();
        assertThat(Lanes.roundUp(1)).isEqualTo(Lanes.COUNT);
        assertThat(Lanes.roundUp(Lanes.COUNT)).isEqualTo(Lanes.COUNT);
        assertThat(Lanes.roundUp(Lanes.COUNT + 1)).isEqualTo(2 * Lanes.COUNT);
    }
}
