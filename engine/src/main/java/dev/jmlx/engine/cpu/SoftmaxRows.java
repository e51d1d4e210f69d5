package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Softmax of rows of scores in base 2, with weights that may come out times a power of two.
///
/// `2^x = 2^n * p(r)`, `n` the nearest integer to `x`, `r = x - n` exactly, `p` the polynomial of degree 6 that
/// is nearest to `2^r` on |r| <= 0.5 relative to it (2e-9): within 2 ulp of the exact value, which a test
/// checks over the range. Below 2^-100 weights are 0: beside a largest weight of 1 they vanish in f32, and no
/// product with them is subnormal. NaN counts as a score of minus infinity. Any thread.
final class SoftmaxRows {
    private static final float LOWEST = -100f;

    /// 1.5 * 2^23: added to a small float it leaves the nearest integer in the low mantissa bits.
    private static final float ROUND = 12582912f;

    private static final int MANTISSA_BITS = 23;
    private static final int MAGNITUDE_BITS = 0x7fff_ffff;
    private static final float C1 = 0x1.62e43p-1f;
    private static final float C2 = 0x1.ebfbdcp-3f;
    private static final float C3 = 0x1.c6aee8p-5f;
    private static final float C4 = 0x1.3b2d4cp-7f;
    private static final float C5 = 0x1.5f3e52p-10f;
    private static final float C6 = 0x1.41fbbcp-13f;

    private SoftmaxRows() {}

    /// The largest of `count` scores from `s[from]` on; those behind them up to a whole vector become
    /// minus infinity.
    static float max(float[] s, int from, int count) {
        var end = from + Lanes.roundUp(count);
        for (var i = from + count; i < end; i++) {
            s[i] = Float.NEGATIVE_INFINITY;
        }
        var max = FloatVector.broadcast(Lanes.FLOAT, Float.NEGATIVE_INFINITY);
        for (var i = from; i < end; i += Lanes.COUNT) {
            var x = FloatVector.fromArray(Lanes.FLOAT, s, i);
            max = max.blend(x, max.compare(VectorOperators.LT, x));
        }
        // Floats order like integers once the magnitude bits of negative ones are inverted; the maximum of integers
        // takes a tenth of the instructions of that of floats, which looks for NaN and -0 at each step.
        var bits = max.reinterpretAsInts();
        var ordered = bits.lanewise(
                VectorOperators.XOR,
                bits.lanewise(VectorOperators.ASHR, Integer.SIZE - 1).and(MAGNITUDE_BITS));
        var largest = ordered.reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(largest ^ (largest >> (Integer.SIZE - 1) & MAGNITUDE_BITS));
    }

    /// Replaces `count` scores from `s[from]` on, and those behind them up to a whole vector, by
    /// `2^(s * factor - max + shift)` and returns the sum; no exponent before the shift may be above
    /// 0.
    static float weights(float[] s, int from, int count, float factor, float max, int shift) {
        var sum = FloatVector.zero(Lanes.FLOAT);
        var highest = FloatVector.broadcast(Lanes.FLOAT, -max);
        var round = FloatVector.broadcast(Lanes.FLOAT, ROUND + shift);
        var end = from + Lanes.roundUp(count);
        for (var i = from; i < end; i += Lanes.COUNT) {
            var x = FloatVector.fromArray(Lanes.FLOAT, s, i).fma(FloatVector.broadcast(Lanes.FLOAT, factor), highest);
            var visible = x.compare(VectorOperators.GE, LOWEST);
            var bounded = FloatVector.broadcast(Lanes.FLOAT, LOWEST).blend(x, visible);
            var shifted = bounded.add(round);
            var r = bounded.sub(shifted.sub(round));
            var p = r.fma(FloatVector.broadcast(Lanes.FLOAT, C6), FloatVector.broadcast(Lanes.FLOAT, C5));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, C4));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, C3));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, C2));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, C1));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f));
            var bits = p.reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS));
            var value = FloatVector.zero(Lanes.FLOAT).blend(bits.reinterpretAsFloats(), visible);
            value.intoArray(s, i);
            sum = sum.add(value);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /// `2^x` for `x` of at most 0; 0 below 2^-100.
    static float power(float x) {
        if (!(x >= LOWEST)) {
            return 0;
        }
        var shifted = x + ROUND;
        var r = x - (shifted - ROUND);
        var p = ((((C6 * r + C5) * r + C4) * r + C3) * r + C2) * r + C1;
        return Float.intBitsToFloat(
                Float.floatToRawIntBits(p * r + 1) + (Float.floatToRawIntBits(shifted) << MANTISSA_BITS));
    }

    /// `x[from + i] *= factor` for `count` floats, and those behind them up to a whole vector.
    static void scale(float[] x, int from, int count, float factor) {
        for (var i = from; i < from + count; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, x, i).mul(factor).intoArray(x, i);
        }
    }

    /// `x[from + i] *= factors[i]` for `count` floats, and those behind them up to a whole vector.
    static void multiply(float[] x, int from, float[] factors, int count) {
        for (var i = 0; i < count; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, x, from + i)
                    .mul(FloatVector.fromArray(Lanes.FLOAT, factors, i))
                    .intoArray(x, from + i);
        }
    }
}
