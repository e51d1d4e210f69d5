package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Dot products of 4 weight rows with 2 tokens, vectors along the columns: for few tokens, where a tile of [Tile] would
/// be mostly empty. Eight accumulators for six loads. Any thread.
final class DotTile {
    /// Weight rows that one call computes.
    static final int ROWS = 4;

    private DotTile() {}

    /// `out[r] = dot(w row r, x)` and `out[4 + r] = dot(w row r, x at second)`; rows are `stride` floats apart, which
    /// is a multiple of the vector length, with zeros behind the last column of `x`.
    static void multiply(float[] w, int wStart, int stride, float[] x, int first, int second, float[] out) {
        var c0a = FloatVector.zero(Lanes.FLOAT);
        var c0b = FloatVector.zero(Lanes.FLOAT);
        var c1a = FloatVector.zero(Lanes.FLOAT);
        var c1b = FloatVector.zero(Lanes.FLOAT);
        var c2a = FloatVector.zero(Lanes.FLOAT);
        var c2b = FloatVector.zero(Lanes.FLOAT);
        var c3a = FloatVector.zero(Lanes.FLOAT);
        var c3b = FloatVector.zero(Lanes.FLOAT);
        for (var k = 0; k < stride; k += Lanes.COUNT) {
            var xa = FloatVector.fromArray(Lanes.FLOAT, x, first + k);
            var xb = FloatVector.fromArray(Lanes.FLOAT, x, second + k);
            var w0 = FloatVector.fromArray(Lanes.FLOAT, w, wStart + k);
            c0a = w0.fma(xa, c0a);
            c0b = w0.fma(xb, c0b);
            var w1 = FloatVector.fromArray(Lanes.FLOAT, w, wStart + stride + k);
            c1a = w1.fma(xa, c1a);
            c1b = w1.fma(xb, c1b);
            var w2 = FloatVector.fromArray(Lanes.FLOAT, w, wStart + 2 * stride + k);
            c2a = w2.fma(xa, c2a);
            c2b = w2.fma(xb, c2b);
            var w3 = FloatVector.fromArray(Lanes.FLOAT, w, wStart + 3 * stride + k);
            c3a = w3.fma(xa, c3a);
            c3b = w3.fma(xb, c3b);
        }
        out[0] = c0a.reduceLanes(VectorOperators.ADD);
        out[1] = c1a.reduceLanes(VectorOperators.ADD);
        out[2] = c2a.reduceLanes(VectorOperators.ADD);
        out[3] = c3a.reduceLanes(VectorOperators.ADD);
        out[4] = c0b.reduceLanes(VectorOperators.ADD);
        out[5] = c1b.reduceLanes(VectorOperators.ADD);
        out[6] = c2b.reduceLanes(VectorOperators.ADD);
        out[7] = c3b.reduceLanes(VectorOperators.ADD);
    }
}
