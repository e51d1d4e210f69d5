package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;

/// The register-blocked inner loops of every matrix product: 8 rows times two vectors of columns.
///
/// Linear layers run them with tokens in the columns and weights in the rows, so that weights need no transposition;
/// attention runs them with queries in the columns and positions or head elements in the rows. Sixteen accumulators,
/// two loaded vectors and one broadcast fit the 32 registers of AVX-512 and NEON. Both add
/// `sum over k of a[i, k] * b[k, j]` to `c[i, j]`; `b` and `c` have rows of [#COLS], from `bStart` and `cStart`.
///
/// The distance of the eight rows of `a` is a constant, because eight variable addresses do not fit the registers
/// beside it all: measured 1.4 times slower. Straight code, because an accumulator that is an array element lives in
/// memory. Any thread.
final class Tile {
    /// Rows that one call computes.
    static final int ROWS = 8;

    /// Columns that one call computes.
    static final int COLS = 2 * Lanes.COUNT;

    /// The most steps of one call of [#multiplyRows]: with [#COLS] lanes half of an L1.
    static final int DEPTH = 192;

    /// Floats from row to row of `a`; no power of two, which would meet in one set of the L1.
    static final int STRIDE = DEPTH + 16;

    private Tile() {}

    /// With `a[i, k]` at `aStart + i * STRIDE + k`; `count` is at most [#DEPTH].
    static void multiplyRows(float[] a, int aStart, float[] b, int bStart, float[] c, int cStart, int count) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 4 * Lanes.COUNT);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 5 * Lanes.COUNT);
        var c3a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 6 * Lanes.COUNT);
        var c3b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 7 * Lanes.COUNT);
        var c4a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 8 * Lanes.COUNT);
        var c4b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 9 * Lanes.COUNT);
        var c5a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 10 * Lanes.COUNT);
        var c5b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 11 * Lanes.COUNT);
        var c6a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 12 * Lanes.COUNT);
        var c6b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 13 * Lanes.COUNT);
        var c7a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 14 * Lanes.COUNT);
        var c7b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 15 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var ba = FloatVector.fromArray(Lanes.FLOAT, b, bStart + k * COLS);
            var bb = FloatVector.fromArray(Lanes.FLOAT, b, bStart + k * COLS + Lanes.COUNT);
            var at = aStart + k;
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[at]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            var a1 = FloatVector.broadcast(Lanes.FLOAT, a[at + STRIDE]);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            var a2 = FloatVector.broadcast(Lanes.FLOAT, a[at + 2 * STRIDE]);
            c2a = a2.fma(ba, c2a);
            c2b = a2.fma(bb, c2b);
            var a3 = FloatVector.broadcast(Lanes.FLOAT, a[at + 3 * STRIDE]);
            c3a = a3.fma(ba, c3a);
            c3b = a3.fma(bb, c3b);
            var a4 = FloatVector.broadcast(Lanes.FLOAT, a[at + 4 * STRIDE]);
            c4a = a4.fma(ba, c4a);
            c4b = a4.fma(bb, c4b);
            var a5 = FloatVector.broadcast(Lanes.FLOAT, a[at + 5 * STRIDE]);
            c5a = a5.fma(ba, c5a);
            c5b = a5.fma(bb, c5b);
            var a6 = FloatVector.broadcast(Lanes.FLOAT, a[at + 6 * STRIDE]);
            c6a = a6.fma(ba, c6a);
            c6b = a6.fma(bb, c6b);
            var a7 = FloatVector.broadcast(Lanes.FLOAT, a[at + 7 * STRIDE]);
            c7a = a7.fma(ba, c7a);
            c7b = a7.fma(bb, c7b);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + 1 * Lanes.COUNT);
        c1a.intoArray(c, cStart + 2 * Lanes.COUNT);
        c1b.intoArray(c, cStart + 3 * Lanes.COUNT);
        c2a.intoArray(c, cStart + 4 * Lanes.COUNT);
        c2b.intoArray(c, cStart + 5 * Lanes.COUNT);
        c3a.intoArray(c, cStart + 6 * Lanes.COUNT);
        c3b.intoArray(c, cStart + 7 * Lanes.COUNT);
        c4a.intoArray(c, cStart + 8 * Lanes.COUNT);
        c4b.intoArray(c, cStart + 9 * Lanes.COUNT);
        c5a.intoArray(c, cStart + 10 * Lanes.COUNT);
        c5b.intoArray(c, cStart + 11 * Lanes.COUNT);
        c6a.intoArray(c, cStart + 12 * Lanes.COUNT);
        c6b.intoArray(c, cStart + 13 * Lanes.COUNT);
        c7a.intoArray(c, cStart + 14 * Lanes.COUNT);
        c7b.intoArray(c, cStart + 15 * Lanes.COUNT);
    }

    /// With `a[i, k]` at `aStart + k * kStride + i`.
    static void multiplyColumns(
            float[] a, int aStart, int kStride, float[] b, int bStart, float[] c, int cStart, int count) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 1 * Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 4 * Lanes.COUNT);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 5 * Lanes.COUNT);
        var c3a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 6 * Lanes.COUNT);
        var c3b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 7 * Lanes.COUNT);
        var c4a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 8 * Lanes.COUNT);
        var c4b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 9 * Lanes.COUNT);
        var c5a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 10 * Lanes.COUNT);
        var c5b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 11 * Lanes.COUNT);
        var c6a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 12 * Lanes.COUNT);
        var c6b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 13 * Lanes.COUNT);
        var c7a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 14 * Lanes.COUNT);
        var c7b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 15 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var ba = FloatVector.fromArray(Lanes.FLOAT, b, bStart + k * COLS);
            var bb = FloatVector.fromArray(Lanes.FLOAT, b, bStart + k * COLS + Lanes.COUNT);
            var at = aStart + k * kStride;
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[at]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            var a1 = FloatVector.broadcast(Lanes.FLOAT, a[at + 1]);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            var a2 = FloatVector.broadcast(Lanes.FLOAT, a[at + 2]);
            c2a = a2.fma(ba, c2a);
            c2b = a2.fma(bb, c2b);
            var a3 = FloatVector.broadcast(Lanes.FLOAT, a[at + 3]);
            c3a = a3.fma(ba, c3a);
            c3b = a3.fma(bb, c3b);
            var a4 = FloatVector.broadcast(Lanes.FLOAT, a[at + 4]);
            c4a = a4.fma(ba, c4a);
            c4b = a4.fma(bb, c4b);
            var a5 = FloatVector.broadcast(Lanes.FLOAT, a[at + 5]);
            c5a = a5.fma(ba, c5a);
            c5b = a5.fma(bb, c5b);
            var a6 = FloatVector.broadcast(Lanes.FLOAT, a[at + 6]);
            c6a = a6.fma(ba, c6a);
            c6b = a6.fma(bb, c6b);
            var a7 = FloatVector.broadcast(Lanes.FLOAT, a[at + 7]);
            c7a = a7.fma(ba, c7a);
            c7b = a7.fma(bb, c7b);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + 1 * Lanes.COUNT);
        c1a.intoArray(c, cStart + 2 * Lanes.COUNT);
        c1b.intoArray(c, cStart + 3 * Lanes.COUNT);
        c2a.intoArray(c, cStart + 4 * Lanes.COUNT);
        c2b.intoArray(c, cStart + 5 * Lanes.COUNT);
        c3a.intoArray(c, cStart + 6 * Lanes.COUNT);
        c3b.intoArray(c, cStart + 7 * Lanes.COUNT);
        c4a.intoArray(c, cStart + 8 * Lanes.COUNT);
        c4b.intoArray(c, cStart + 9 * Lanes.COUNT);
        c5a.intoArray(c, cStart + 10 * Lanes.COUNT);
        c5b.intoArray(c, cStart + 11 * Lanes.COUNT);
        c6a.intoArray(c, cStart + 12 * Lanes.COUNT);
        c6b.intoArray(c, cStart + 13 * Lanes.COUNT);
        c7a.intoArray(c, cStart + 14 * Lanes.COUNT);
        c7b.intoArray(c, cStart + 15 * Lanes.COUNT);
    }
}
