package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;

/// Products of a [Panel] with a few tokens: `sums[t, r] += sum over k of x[t, k] * panel[k, r]`, activations
/// broadcast.
///
/// `x` rows are `xStride` apart, rows of `sums` [Panel#ROWS]. Straight code, because an accumulator that is an
/// array element lives in memory. Any thread.
final class PanelTile {
    private PanelTile() {}

    /// Eight tokens.
    static void eight(float[] panel, int count, float[] x, int xStart, int xStride, float[] sums, int at) {
        var s0a = FloatVector.fromArray(Lanes.FLOAT, sums, at);
        var s0b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 1 * Lanes.COUNT);
        var s1a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 2 * Lanes.COUNT);
        var s1b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 3 * Lanes.COUNT);
        var s2a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 4 * Lanes.COUNT);
        var s2b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 5 * Lanes.COUNT);
        var s3a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 6 * Lanes.COUNT);
        var s3b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 7 * Lanes.COUNT);
        var s4a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 8 * Lanes.COUNT);
        var s4b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 9 * Lanes.COUNT);
        var s5a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 10 * Lanes.COUNT);
        var s5b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 11 * Lanes.COUNT);
        var s6a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 12 * Lanes.COUNT);
        var s6b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 13 * Lanes.COUNT);
        var s7a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 14 * Lanes.COUNT);
        var s7b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 15 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var wa = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS);
            var wb = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS + Lanes.COUNT);
            var from = xStart + k;
            var x0 = FloatVector.broadcast(Lanes.FLOAT, x[from]);
            s0a = wa.fma(x0, s0a);
            s0b = wb.fma(x0, s0b);
            var x1 = FloatVector.broadcast(Lanes.FLOAT, x[from + xStride]);
            s1a = wa.fma(x1, s1a);
            s1b = wb.fma(x1, s1b);
            var x2 = FloatVector.broadcast(Lanes.FLOAT, x[from + 2 * xStride]);
            s2a = wa.fma(x2, s2a);
            s2b = wb.fma(x2, s2b);
            var x3 = FloatVector.broadcast(Lanes.FLOAT, x[from + 3 * xStride]);
            s3a = wa.fma(x3, s3a);
            s3b = wb.fma(x3, s3b);
            var x4 = FloatVector.broadcast(Lanes.FLOAT, x[from + 4 * xStride]);
            s4a = wa.fma(x4, s4a);
            s4b = wb.fma(x4, s4b);
            var x5 = FloatVector.broadcast(Lanes.FLOAT, x[from + 5 * xStride]);
            s5a = wa.fma(x5, s5a);
            s5b = wb.fma(x5, s5b);
            var x6 = FloatVector.broadcast(Lanes.FLOAT, x[from + 6 * xStride]);
            s6a = wa.fma(x6, s6a);
            s6b = wb.fma(x6, s6b);
            var x7 = FloatVector.broadcast(Lanes.FLOAT, x[from + 7 * xStride]);
            s7a = wa.fma(x7, s7a);
            s7b = wb.fma(x7, s7b);
        }
        s0a.intoArray(sums, at);
        s0b.intoArray(sums, at + 1 * Lanes.COUNT);
        s1a.intoArray(sums, at + 2 * Lanes.COUNT);
        s1b.intoArray(sums, at + 3 * Lanes.COUNT);
        s2a.intoArray(sums, at + 4 * Lanes.COUNT);
        s2b.intoArray(sums, at + 5 * Lanes.COUNT);
        s3a.intoArray(sums, at + 6 * Lanes.COUNT);
        s3b.intoArray(sums, at + 7 * Lanes.COUNT);
        s4a.intoArray(sums, at + 8 * Lanes.COUNT);
        s4b.intoArray(sums, at + 9 * Lanes.COUNT);
        s5a.intoArray(sums, at + 10 * Lanes.COUNT);
        s5b.intoArray(sums, at + 11 * Lanes.COUNT);
        s6a.intoArray(sums, at + 12 * Lanes.COUNT);
        s6b.intoArray(sums, at + 13 * Lanes.COUNT);
        s7a.intoArray(sums, at + 14 * Lanes.COUNT);
        s7b.intoArray(sums, at + 15 * Lanes.COUNT);
    }

    /// One token.
    static void one(float[] panel, int count, float[] x, int xStart, float[] sums, int at) {
        var even = FloatVector.fromArray(Lanes.FLOAT, sums, at);
        var odd = FloatVector.fromArray(Lanes.FLOAT, sums, at + Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var value = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k]);
            even = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS).fma(value, even);
            odd = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS + Lanes.COUNT)
                    .fma(value, odd);
        }
        even.intoArray(sums, at);
        odd.intoArray(sums, at + Lanes.COUNT);
    }

    /// Four tokens.
    static void four(float[] panel, int count, float[] x, int xStart, int xStride, float[] sums, int at) {
        var s0a = FloatVector.fromArray(Lanes.FLOAT, sums, at);
        var s0b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 1 * Lanes.COUNT);
        var s1a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 2 * Lanes.COUNT);
        var s1b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 3 * Lanes.COUNT);
        var s2a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 4 * Lanes.COUNT);
        var s2b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 5 * Lanes.COUNT);
        var s3a = FloatVector.fromArray(Lanes.FLOAT, sums, at + 6 * Lanes.COUNT);
        var s3b = FloatVector.fromArray(Lanes.FLOAT, sums, at + 7 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var wa = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS);
            var wb = FloatVector.fromArray(Lanes.FLOAT, panel, k * Panel.ROWS + Lanes.COUNT);
            var from = xStart + k;
            var x0 = FloatVector.broadcast(Lanes.FLOAT, x[from]);
            s0a = wa.fma(x0, s0a);
            s0b = wb.fma(x0, s0b);
            var x1 = FloatVector.broadcast(Lanes.FLOAT, x[from + xStride]);
            s1a = wa.fma(x1, s1a);
            s1b = wb.fma(x1, s1b);
            var x2 = FloatVector.broadcast(Lanes.FLOAT, x[from + 2 * xStride]);
            s2a = wa.fma(x2, s2a);
            s2b = wb.fma(x2, s2b);
            var x3 = FloatVector.broadcast(Lanes.FLOAT, x[from + 3 * xStride]);
            s3a = wa.fma(x3, s3a);
            s3b = wb.fma(x3, s3b);
        }
        s0a.intoArray(sums, at);
        s0b.intoArray(sums, at + 1 * Lanes.COUNT);
        s1a.intoArray(sums, at + 2 * Lanes.COUNT);
        s1b.intoArray(sums, at + 3 * Lanes.COUNT);
        s2a.intoArray(sums, at + 4 * Lanes.COUNT);
        s2b.intoArray(sums, at + 5 * Lanes.COUNT);
        s3a.intoArray(sums, at + 6 * Lanes.COUNT);
        s3b.intoArray(sums, at + 7 * Lanes.COUNT);
    }
}
