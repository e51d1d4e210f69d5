package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;

/// The f32 inner loops of [FloatGemm]: two vectors of rows times 8 or 4 tokens.
///
/// Each adds `sum over k of x[k, token] * panel[k, row]` to `c[token, row]`. Rows are lanes and loaded as
/// vectors,
/// `[k][2 * lane]` from `panelStart`; activations are broadcast, `[k][token]` from `xStart`, so that all
/// addresses but one are constants. Sixteen accumulators, two loaded vectors and a broadcast fit the 32
/// registers of AVX-512 and NEON: two loads of vectors, which split cache lines, and eight of elements for 16
/// multiply-adds, fewer than the two in a cycle that can be loaded. Any thread.
final class PanelTile {
    /// Floats from one k to the next in a panel.
    static final int WIDTH = 2 * Lanes.COUNT;

    private PanelTile() {}

    /// [#multiply8] or [#multiply4].
    static void multiply(
            int tokens,
            float[] panel,
            int panelStart,
            float[] x,
            int xStart,
            int count,
            float[] c,
            int cStart,
            int stride) {
        if (tokens == 8) {
            multiply8(panel, panelStart, x, xStart, count, c, cStart, stride);
        } else {
            multiply4(panel, panelStart, x, xStart, count, c, cStart, stride);
        }
    }

    /// For 8 tokens, `stride` floats apart in `c`.
    static void multiply8(
            float[] panel, int panelStart, float[] x, int xStart, int count, float[] c, int cStart, int stride) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 0 * stride);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 0 * stride + Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * stride);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * stride + Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * stride);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * stride + Lanes.COUNT);
        var c3a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * stride);
        var c3b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * stride + Lanes.COUNT);
        var c4a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 4 * stride);
        var c4b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 4 * stride + Lanes.COUNT);
        var c5a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 5 * stride);
        var c5b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 5 * stride + Lanes.COUNT);
        var c6a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 6 * stride);
        var c6b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 6 * stride + Lanes.COUNT);
        var c7a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 7 * stride);
        var c7b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 7 * stride + Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var wa = FloatVector.fromArray(Lanes.FLOAT, panel, panelStart + k * WIDTH);
            var wb = FloatVector.fromArray(Lanes.FLOAT, panel, panelStart + k * WIDTH + Lanes.COUNT);
            var x0 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 0]);
            c0a = x0.fma(wa, c0a);
            c0b = x0.fma(wb, c0b);
            var x1 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 1]);
            c1a = x1.fma(wa, c1a);
            c1b = x1.fma(wb, c1b);
            var x2 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 2]);
            c2a = x2.fma(wa, c2a);
            c2b = x2.fma(wb, c2b);
            var x3 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 3]);
            c3a = x3.fma(wa, c3a);
            c3b = x3.fma(wb, c3b);
            var x4 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 4]);
            c4a = x4.fma(wa, c4a);
            c4b = x4.fma(wb, c4b);
            var x5 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 5]);
            c5a = x5.fma(wa, c5a);
            c5b = x5.fma(wb, c5b);
            var x6 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 6]);
            c6a = x6.fma(wa, c6a);
            c6b = x6.fma(wb, c6b);
            var x7 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 8 + 7]);
            c7a = x7.fma(wa, c7a);
            c7b = x7.fma(wb, c7b);
        }
        c0a.intoArray(c, cStart + 0 * stride);
        c0b.intoArray(c, cStart + 0 * stride + Lanes.COUNT);
        c1a.intoArray(c, cStart + 1 * stride);
        c1b.intoArray(c, cStart + 1 * stride + Lanes.COUNT);
        c2a.intoArray(c, cStart + 2 * stride);
        c2b.intoArray(c, cStart + 2 * stride + Lanes.COUNT);
        c3a.intoArray(c, cStart + 3 * stride);
        c3b.intoArray(c, cStart + 3 * stride + Lanes.COUNT);
        c4a.intoArray(c, cStart + 4 * stride);
        c4b.intoArray(c, cStart + 4 * stride + Lanes.COUNT);
        c5a.intoArray(c, cStart + 5 * stride);
        c5b.intoArray(c, cStart + 5 * stride + Lanes.COUNT);
        c6a.intoArray(c, cStart + 6 * stride);
        c6b.intoArray(c, cStart + 6 * stride + Lanes.COUNT);
        c7a.intoArray(c, cStart + 7 * stride);
        c7b.intoArray(c, cStart + 7 * stride + Lanes.COUNT);
    }

    /// For 4 tokens, `stride` floats apart in `c`.
    static void multiply4(
            float[] panel, int panelStart, float[] x, int xStart, int count, float[] c, int cStart, int stride) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 0 * stride);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 0 * stride + Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * stride);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * stride + Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * stride);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * stride + Lanes.COUNT);
        var c3a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * stride);
        var c3b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * stride + Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var wa = FloatVector.fromArray(Lanes.FLOAT, panel, panelStart + k * WIDTH);
            var wb = FloatVector.fromArray(Lanes.FLOAT, panel, panelStart + k * WIDTH + Lanes.COUNT);
            var x0 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 4 + 0]);
            c0a = x0.fma(wa, c0a);
            c0b = x0.fma(wb, c0b);
            var x1 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 4 + 1]);
            c1a = x1.fma(wa, c1a);
            c1b = x1.fma(wb, c1b);
            var x2 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 4 + 2]);
            c2a = x2.fma(wa, c2a);
            c2b = x2.fma(wb, c2b);
            var x3 = FloatVector.broadcast(Lanes.FLOAT, x[xStart + k * 4 + 3]);
            c3a = x3.fma(wa, c3a);
            c3b = x3.fma(wb, c3b);
        }
        c0a.intoArray(c, cStart + 0 * stride);
        c0b.intoArray(c, cStart + 0 * stride + Lanes.COUNT);
        c1a.intoArray(c, cStart + 1 * stride);
        c1b.intoArray(c, cStart + 1 * stride + Lanes.COUNT);
        c2a.intoArray(c, cStart + 2 * stride);
        c2b.intoArray(c, cStart + 2 * stride + Lanes.COUNT);
        c3a.intoArray(c, cStart + 3 * stride);
        c3b.intoArray(c, cStart + 3 * stride + Lanes.COUNT);
    }
}
