package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Weights of the float modes times one token, straight from the [RowBlocks]; the twin of [MatVec]. Any thread.
final class MicroscaledMatVec {
    private MicroscaledMatVec() {}

    /// As [MatVec#blocks]; `x` carries the format's unit.
    static void blocks(RowBlocks.Microscaled w, int from, int end, float[] x, float[] y, int to) {
        if (w.format().bits == 4) {
            e2m1(w, from, end, x, y, to);
        } else {
            e4m3(w, from, end, x, y, to);
        }
    }

    private static void e2m1(RowBlocks.Microscaled w, int from, int end, float[] x, float[] y, int to) {
        MemorySegment data = w.data();
        var format = w.format();
        var factor = format.unit * w.factor();
        var table = MicroscaledFormat.table();
        var cols = w.cols();
        var groupMask = format.groupSize - 1;
        for (var block = from; block < end; block++) {
            var at = w.recordAt(block, 0);
            var total = FloatVector.zero(Lanes.FLOAT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var k = 0; k < cols; k += 8) {
                var words = IntVector.fromMemorySegment(Lanes.INT, data, at, ByteOrder.LITTLE_ENDIAN);
                at += Lanes.BYTES;
                for (var j = 0; j < 8; j += 2) {
                    var in = FloatVector.broadcast(Lanes.FLOAT, x[k + j]);
                    even = MicroscaledFormat.e2m1(words, table).fma(in, even);
                    words = words.lanewise(VectorOperators.LSHR, 4);
                    in = FloatVector.broadcast(Lanes.FLOAT, x[k + j + 1]);
                    odd = MicroscaledFormat.e2m1(words, table).fma(in, odd);
                    words = words.lanewise(VectorOperators.LSHR, 4);
                }
                if ((k + 8 & groupMask) == 0) {
                    total = format.scales(data, at).fma(even.add(odd), total);
                    at += Lanes.COUNT;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }

    private static void e4m3(RowBlocks.Microscaled w, int from, int end, float[] x, float[] y, int to) {
        MemorySegment data = w.data();
        var format = w.format();
        var factor = format.unit * w.factor();
        var cols = w.cols();
        var groupMask = format.groupSize - 1;
        for (var block = from; block < end; block++) {
            var at = w.recordAt(block, 0);
            var total = FloatVector.zero(Lanes.FLOAT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var k = 0; k < cols; k += 4) {
                var words = IntVector.fromMemorySegment(Lanes.INT, data, at, ByteOrder.LITTLE_ENDIAN);
                at += Lanes.BYTES;
                var in = FloatVector.broadcast(Lanes.FLOAT, x[k]);
                even = MicroscaledFormat.e4m3(words.lanewise(VectorOperators.LSHL, 24))
                        .fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[k + 1]);
                odd = MicroscaledFormat.e4m3(words.lanewise(VectorOperators.LSHL, 16))
                        .fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[k + 2]);
                even = MicroscaledFormat.e4m3(words.lanewise(VectorOperators.LSHL, 8))
                        .fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[k + 3]);
                odd = MicroscaledFormat.e4m3(words).fma(in, odd);
                if ((k + 4 & groupMask) == 0) {
                    total = format.scales(data, at).fma(even.add(odd), total);
                    at += Lanes.COUNT;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }
}
