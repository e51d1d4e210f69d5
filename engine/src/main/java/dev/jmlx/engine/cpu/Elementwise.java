package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;

/// Sums, norms and gates of rows. Any thread.
final class Elementwise {
    private Elementwise() {}

    static void add(float[] a, int aStart, float[] b, int bStart, float[] out, int outStart, int count) {
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, a, aStart + i)
                    .add(FloatVector.fromArray(Lanes.FLOAT, b, bStart + i))
                    .intoArray(out, outStart + i);
        }
        for (; i < count; i++) {
            out[outStart + i] = a[aStart + i] + b[bStart + i];
        }
    }

    /// `out = x * factor * weight` with `factor = 1 / sqrt(mean(x^2) + eps)`, over `count` elements.
    static void rmsNorm(
            float[] x, int xStart, float[] weight, int weightStart, int count, float eps, float[] out, int outStart) {
        var factor = (float) (1 / Math.sqrt(sumOfSquares(x, xStart, count) / count + eps));
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, x, xStart + i)
                    .mul(factor)
                    .mul(FloatVector.fromArray(Lanes.FLOAT, weight, weightStart + i))
                    .intoArray(out, outStart + i);
        }
        for (; i < count; i++) {
            out[outStart + i] = x[xStart + i] * factor * weight[weightStart + i];
        }
    }

    /// `out = (x - mean) / sqrt(variance + eps) * weight (+ bias)` over `weight.length` elements.
    static void layerNorm(
            float[] x, int xStart, float[] weight, float @Nullable [] bias, float eps, float[] out, int outStart) {
        var count = weight.length;
        var sum = 0.0;
        for (var i = 0; i < count; i++) {
            sum += x[xStart + i];
        }
        var mean = sum / count;
        for (var i = 0; i < count; i++) {
            out[outStart + i] = (float) (x[xStart + i] - mean);
        }
        var factor = (float) (1 / Math.sqrt(sumOfSquares(out, outStart, count) / count + eps));
        for (var i = 0; i < count; i++) {
            out[outStart + i] *= factor * weight[i];
        }
        if (bias != null) {
            add(out, outStart, bias, 0, out, outStart, count);
        }
    }

    /// `gate = activation(gate) * x`.
    static void gate(Activation activation, float[] gate, int gateStart, float[] x, int xStart, int count) {
        switch (activation) {
            case IDENTITY -> multiply(gate, gateStart, x, xStart, count);
            case RELU -> multiplyPositive(gate, gateStart, x, xStart, count);
            case SILU, GELU, SIGMOID, CLAMPED_SILU -> Exponentials.gate(activation, gate, gateStart, x, xStart, count);
        }
    }

    /// `x *= y`.
    private static void multiply(float[] x, int xStart, float[] y, int yStart, int count) {
        for (var i = 0; i < count; i++) {
            x[xStart + i] *= y[yStart + i];
        }
    }

    /// `x = max(x, 0) * y`.
    private static void multiplyPositive(float[] x, int xStart, float[] y, int yStart, int count) {
        for (var i = 0; i < count; i++) {
            x[xStart + i] = Math.max(x[xStart + i], 0) * y[yStart + i];
        }
    }

    /// `out += x * factor`.
    static void addScaled(float[] x, int xStart, float factor, float[] out, int outStart, int count) {
        for (var i = 0; i < count; i++) {
            out[outStart + i] += x[xStart + i] * factor;
        }
    }

    static void scale(float[] x, int xStart, float factor, float[] out, int outStart, int count) {
        for (var i = 0; i < count; i++) {
            out[outStart + i] = x[xStart + i] * factor;
        }
    }

    private static double sumOfSquares(float[] x, int start, int count) {
        var even = FloatVector.zero(Lanes.FLOAT);
        var odd = FloatVector.zero(Lanes.FLOAT);
        var i = 0;
        for (var bound = count - 2 * Lanes.COUNT; i <= bound; i += 2 * Lanes.COUNT) {
            var a = FloatVector.fromArray(Lanes.FLOAT, x, start + i);
            var b = FloatVector.fromArray(Lanes.FLOAT, x, start + i + Lanes.COUNT);
            even = a.fma(a, even);
            odd = b.fma(b, odd);
        }
        double sum = even.add(odd).reduceLanes(VectorOperators.ADD);
        for (; i < count; i++) {
            sum += (double) x[start + i] * x[start + i];
        }
        return sum;
    }
}
