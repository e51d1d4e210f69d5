package dev.jmlx.engine.tensor;

/// Floats of 4 and 8 bits by their definitions. Source: OCP Microscaling Formats 1.0, OCP 8-bit Floating Point
/// 1.0. Any thread.
public final class SmallFloats {
    private static final float[] E2M1 = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6};

    private SmallFloats() {}

    /// A sign, two bits of exponent, one of mantissa; no infinities.
    public static float e2m1(int bits) {
        return (bits & 8) == 0 ? E2M1[bits & 7] : -E2M1[bits & 7];
    }

    /// A sign, four bits of exponent, three of mantissa; no infinities, NaN where all but the sign are set.
    public static float e4m3(int bits) {
        var exponent = bits >> 3 & 15;
        var mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7) {
            return Float.NaN;
        }
        var magnitude = exponent == 0 ? Math.scalb((float) mantissa, -9) : Math.scalb(8f + mantissa, exponent - 10);
        return (bits & 0x80) == 0 ? magnitude : -magnitude;
    }

    /// Eight bits of exponent: a power of two from 2^-127 to 2^127, or NaN.
    public static float e8m0(int bits) {
        return bits == 255 ? Float.NaN : Math.scalb(1f, bits - 127);
    }
}
