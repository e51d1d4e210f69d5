package dev.jmlx.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Values from the tables of OCP Microscaling Formats 1.0 and OCP 8-bit Floating Point 1.0.
class SmallFloatsTest {
    @Test
    void fourBitsHaveEightMagnitudes() {
        var expected = new float[] {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};
        for (var bits = 0; bits < 8; bits++) {
            assertThat(SmallFloats.e2m1(bits)).isEqualTo(expected[bits]);
            assertThat(SmallFloats.e2m1(bits | 8)).isEqualTo(-expected[bits]);
        }
    }

    @Test
    void eightBitsReachFromSubnormalsTo448() {
        assertThat(SmallFloats.e4m3(0x00)).isZero();
        assertThat(SmallFloats.e4m3(0x01)).isEqualTo(0x1p-9f);
        assertThat(SmallFloats.e4m3(0x07)).isEqualTo(0x1.cp-7f);
        assertThat(SmallFloats.e4m3(0x08)).isEqualTo(0x1p-6f);
        assertThat(SmallFloats.e4m3(0x38)).isEqualTo(1);
        assertThat(SmallFloats.e4m3(0xB9)).isEqualTo(-1.125f);
        assertThat(SmallFloats.e4m3(0x7E)).isEqualTo(448);
        assertThat(SmallFloats.e4m3(0x7F)).isNaN();
        assertThat(SmallFloats.e4m3(0xFF)).isNaN();
    }

    @Test
    void scalesArePowersOfTwo() {
        assertThat(SmallFloats.e8m0(0)).isEqualTo(0x1p-127f);
        assertThat(SmallFloats.e8m0(127)).isEqualTo(1);
        assertThat(SmallFloats.e8m0(254)).isEqualTo(0x1p127f);
        assertThat(SmallFloats.e8m0(255)).isNaN();
    }
}
