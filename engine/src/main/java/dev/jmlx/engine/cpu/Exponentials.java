package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// The exponential of gates and soft caps; softmax has its own in [SoftmaxRows].
///
/// `exp(x) = 2^n * p(r)`, `n` the nearest integer to `x / ln 2`, `r = x - n ln 2` in two parts, `p` the Taylor
/// polynomial of degree 7 on |r| <= 0.347: within 2 ulp of the exact value, which a test checks over the whole
/// range. Below -87 the result is 0, above 88 it is exp(88). The polynomial stands in each kernel again,
/// because a helper with vector arguments that C2 decides not to inline would box them. Any thread.
final class Exponentials {
    private static final float LOWEST = -87f;
    private static final float HIGHEST = 88f;
    private static final float LOG2_E = (float) (1 / Math.log(2));

    /// 1.5 * 2^23: added to a small float it leaves the nearest integer in the low mantissa bits.
    private static final float ROUND = 12582912f;

    /// ln 2 in two parts; the first has so few bits that its product with n is exact.
    private static final float LN2_HIGH = 0x1.62e4p-1f;
    private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);
    private static final int MANTISSA_BITS = 23;

    /// A sigmoid of this is 1 in f32, and of the negative one 0.
    private static final float SATURATED = 100;

    private static final float GELU_LINEAR = (float) (2 * Math.sqrt(2 / Math.PI));
    private static final float GELU_CUBIC = 0.044715f;

    private Exponentials() {}

    /// `gate[i] = activation(gate[i]) * up[i]`.
    ///
    /// All activations are a sigmoid's, of `linear * x + cubic * x^3`, times `x` or, for the sigmoid itself,
    /// times 1; one bounds both sides by `limit` and adds `shift` to the other.
    static void gate(Activation activation, float[] gate, int gateStart, float[] up, int upStart, int count) {
        var isClamped = activation == Activation.CLAMPED_SILU;
        var limit = isClamped ? Activation.CLAMP : Float.MAX_VALUE;
        var shift = isClamped ? 1f : 0f;
        var linear = isClamped ? Activation.CLAMPED_SLOPE : activation == Activation.GELU ? GELU_LINEAR : 1;
        var cubic = activation == Activation.GELU ? GELU_LINEAR * GELU_CUBIC : 0;
        var slope = activation == Activation.SIGMOID ? 0f : 1f;
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
            var g = FloatVector.fromArray(Lanes.FLOAT, gate, gateStart + i).min(limit);
            var t = g.max(-SATURATED).min(SATURATED);
            var x = t.mul(t).mul(-cubic).add(-linear).mul(t);
            var bounded = x.max(LOWEST).min(HIGHEST);
            var shifted = bounded.mul(LOG2_E).add(ROUND);
            var n = shifted.sub(ROUND);
            var r = bounded.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
            var p = r.mul(1f / 5040).add(1f / 720);
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 0.5f));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f));
            var value = p.reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
                    .reinterpretAsFloats()
                    .blend(0f, x.compare(VectorOperators.LT, LOWEST));
            var u = FloatVector.fromArray(Lanes.FLOAT, up, upStart + i)
                    .max(-limit)
                    .min(limit)
                    .add(shift);
            g.mul(slope).add(1 - slope).mul(u).div(value.add(1f)).intoArray(gate, gateStart + i);
        }
        for (; i < count; i++) {
            gate[gateStart + i] = (float) ScalarOps.gate(activation, gate[gateStart + i], up[upStart + i]);
        }
    }

    /// `x[i] = cap * tanh(x[i] * factor)`, within `cap * 2^-22` of the exact value.
    static void softcap(float[] x, int start, int count, float factor, float cap) {
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
            var bounded = FloatVector.fromArray(Lanes.FLOAT, x, start + i)
                    .mul(2 * factor)
                    .max(LOWEST)
                    .min(HIGHEST);
            var shifted = bounded.mul(LOG2_E).add(ROUND);
            var n = shifted.sub(ROUND);
            var r = bounded.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
            var p = r.mul(1f / 5040).add(1f / 720);
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 0.5f));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f));
            p = p.fma(r, FloatVector.broadcast(Lanes.FLOAT, 1f));
            var value = p.reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
                    .reinterpretAsFloats();
            value.sub(1f).div(value.add(1f)).mul(cap).intoArray(x, start + i);
        }
        for (; i < count; i++) {
            x[start + i] = (float) (cap * Math.tanh(x[start + i] * (double) factor));
        }
    }
}
