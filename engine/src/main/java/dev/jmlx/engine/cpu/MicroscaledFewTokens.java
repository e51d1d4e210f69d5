package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Weights of the float modes times four tokens, straight from the [RowBlocks]: a code that was unpacked meets
/// four activations. The twin of [FewTokens]. Any thread.
final class MicroscaledFewTokens {
    private MicroscaledFewTokens() {}

    /// As [FewTokens#blocks]; `x` carries the format's unit.
    static void blocks(
            RowBlocks.Microscaled w,
            int from,
            int end,
            FewInput x,
            int tile,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        if (w.format().bits == 4) {
            e2m1(w, from, end, x.values(), x.valuesAt(tile), sums, sumsStart, tokenStride);
        } else {
            e4m3(w, from, end, x.values(), x.valuesAt(tile), sums, sumsStart, tokenStride);
        }
    }

    private static void e2m1(
            RowBlocks.Microscaled w,
            int from,
            int end,
            float[] x,
            int xStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        MemorySegment data = w.data();
        var format = w.format();
        var table = MicroscaledFormat.table();
        var factor = format.unit * w.factor();
        var groups = w.groups();
        var groupSize = format.groupSize;
        for (var block = from; block < end; block++) {
            var at = w.recordAt(block, 0);
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            var in = xStart;
            for (var group = 0; group < groups; group++) {
                var even0 = FloatVector.zero(Lanes.FLOAT);
                var even1 = FloatVector.zero(Lanes.FLOAT);
                var even2 = FloatVector.zero(Lanes.FLOAT);
                var even3 = FloatVector.zero(Lanes.FLOAT);
                var odd0 = FloatVector.zero(Lanes.FLOAT);
                var odd1 = FloatVector.zero(Lanes.FLOAT);
                var odd2 = FloatVector.zero(Lanes.FLOAT);
                var odd3 = FloatVector.zero(Lanes.FLOAT);
                for (var k = 0; k < groupSize; k += 8) {
                    var words = IntVector.fromMemorySegment(Lanes.INT, data, at, ByteOrder.LITTLE_ENDIAN);
                    at += Lanes.BYTES;
                    for (var j = 0; j < 8; j += 2) {
                        var weight = MicroscaledFormat.e2m1(words, table);
                        even0 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in]), even0);
                        even1 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 1]), even1);
                        even2 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 2]), even2);
                        even3 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 3]), even3);
                        words = words.lanewise(VectorOperators.LSHR, 4);
                        weight = MicroscaledFormat.e2m1(words, table);
                        odd0 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 4]), odd0);
                        odd1 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 5]), odd1);
                        odd2 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 6]), odd2);
                        odd3 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 7]), odd3);
                        words = words.lanewise(VectorOperators.LSHR, 4);
                        in += 2 * FewTokens.TOKENS;
                    }
                }
                var scale = format.scales(data, at);
                at += Lanes.COUNT;
                c0 = scale.fma(even0.add(odd0), c0);
                c1 = scale.fma(even1.add(odd1), c1);
                c2 = scale.fma(even2.add(odd2), c2);
                c3 = scale.fma(even3.add(odd3), c3);
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
            c0.mul(factor).intoArray(sums, to);
            c1.mul(factor).intoArray(sums, to + tokenStride);
            c2.mul(factor).intoArray(sums, to + 2 * tokenStride);
            c3.mul(factor).intoArray(sums, to + 3 * tokenStride);
        }
    }

    private static void e4m3(
            RowBlocks.Microscaled w,
            int from,
            int end,
            float[] x,
            int xStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        MemorySegment data = w.data();
        var format = w.format();
        var factor = format.unit * w.factor();
        var groups = w.groups();
        var groupSize = format.groupSize;
        for (var block = from; block < end; block++) {
            var at = w.recordAt(block, 0);
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            var in = xStart;
            for (var group = 0; group < groups; group++) {
                var even0 = FloatVector.zero(Lanes.FLOAT);
                var even1 = FloatVector.zero(Lanes.FLOAT);
                var even2 = FloatVector.zero(Lanes.FLOAT);
                var even3 = FloatVector.zero(Lanes.FLOAT);
                var odd0 = FloatVector.zero(Lanes.FLOAT);
                var odd1 = FloatVector.zero(Lanes.FLOAT);
                var odd2 = FloatVector.zero(Lanes.FLOAT);
                var odd3 = FloatVector.zero(Lanes.FLOAT);
                for (var k = 0; k < groupSize; k += 4) {
                    var words = IntVector.fromMemorySegment(Lanes.INT, data, at, ByteOrder.LITTLE_ENDIAN);
                    at += Lanes.BYTES;
                    for (var j = 0; j < 4; j += 2) {
                        var weight = MicroscaledFormat.e4m3(words.lanewise(VectorOperators.LSHL, 24));
                        even0 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in]), even0);
                        even1 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 1]), even1);
                        even2 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 2]), even2);
                        even3 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 3]), even3);
                        weight = MicroscaledFormat.e4m3(words.lanewise(VectorOperators.LSHL, 16));
                        odd0 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 4]), odd0);
                        odd1 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 5]), odd1);
                        odd2 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 6]), odd2);
                        odd3 = weight.fma(FloatVector.broadcast(Lanes.FLOAT, x[in + 7]), odd3);
                        words = words.lanewise(VectorOperators.LSHR, 16);
                        in += 2 * FewTokens.TOKENS;
                    }
                }
                var scale = format.scales(data, at);
                at += Lanes.COUNT;
                c0 = scale.fma(even0.add(odd0), c0);
                c1 = scale.fma(even1.add(odd1), c1);
                c2 = scale.fma(even2.add(odd2), c2);
                c3 = scale.fma(even3.add(odd3), c3);
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
            c0.mul(factor).intoArray(sums, to);
            c1.mul(factor).intoArray(sums, to + tokenStride);
            c2.mul(factor).intoArray(sums, to + 2 * tokenStride);
            c3.mul(factor).intoArray(sums, to + 3 * tokenStride);
        }
    }
}
