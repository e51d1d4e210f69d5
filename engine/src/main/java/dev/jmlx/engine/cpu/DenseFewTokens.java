package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Unquantized weights times four tokens, straight from the [RowBlocks]: a weight that was loaded and widened
/// meets four activations. The twin of [FewTokens]. Any thread.
final class DenseFewTokens {
    private DenseFewTokens() {}

    /// As [FewTokens#blocks]; `x` carries the format's factor.
    static void blocks(
            RowBlocks.Dense w, int from, int end, FewInput x, int tile, float[] sums, int sumsStart, int tokenStride) {
        if (w.type().byteSize() == Float.BYTES) {
            floats(w, from, end, x.values(), x.valuesAt(tile), sums, sumsStart, tokenStride);
        } else {
            halves(w, HalfFormat.of(w.type()), from, end, x.values(), x.valuesAt(tile), sums, sumsStart, tokenStride);
        }
    }

    private static void halves(
            RowBlocks.Dense w,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            int xStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        MemorySegment data = w.data();
        var cols = w.cols();
        var shift = format.shift;
        var mask = format.mask;
        for (var block = from; block < end; block++) {
            var at = (long) block * cols * (Lanes.BYTES / 2);
            var xEnd = xStart + (cols & ~1) * FewTokens.TOKENS;
            var even0 = FloatVector.zero(Lanes.FLOAT);
            var even1 = FloatVector.zero(Lanes.FLOAT);
            var even2 = FloatVector.zero(Lanes.FLOAT);
            var even3 = FloatVector.zero(Lanes.FLOAT);
            var odd0 = FloatVector.zero(Lanes.FLOAT);
            var odd1 = FloatVector.zero(Lanes.FLOAT);
            var odd2 = FloatVector.zero(Lanes.FLOAT);
            var odd3 = FloatVector.zero(Lanes.FLOAT);
            for (var k = xStart; k < xEnd; k += 2 * FewTokens.TOKENS) {
                var w0 = (FloatVector)
                        ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, data, at, ByteOrder.LITTLE_ENDIAN)
                                        .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                                .lanewise(VectorOperators.LSHL, shift)
                                .and(mask)
                                .reinterpretShape(Lanes.FLOAT, 0);
                var w1 = (FloatVector) ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF, data, at + Lanes.BYTES / 2, ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretShape(Lanes.FLOAT, 0);
                at += Lanes.BYTES;
                even0 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), even0);
                even1 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 1]), even1);
                even2 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 2]), even2);
                even3 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 3]), even3);
                odd0 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 4]), odd0);
                odd1 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 5]), odd1);
                odd2 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 6]), odd2);
                odd3 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 7]), odd3);
            }
            if ((cols & 1) == 1) {
                var w0 = (FloatVector)
                        ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, data, at, ByteOrder.LITTLE_ENDIAN)
                                        .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                                .lanewise(VectorOperators.LSHL, shift)
                                .and(mask)
                                .reinterpretShape(Lanes.FLOAT, 0);
                even0 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd]), even0);
                even1 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 1]), even1);
                even2 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 2]), even2);
                even3 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 3]), even3);
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
            even0.add(odd0).mul(format.outFactor).intoArray(sums, to);
            even1.add(odd1).mul(format.outFactor).intoArray(sums, to + tokenStride);
            even2.add(odd2).mul(format.outFactor).intoArray(sums, to + 2 * tokenStride);
            even3.add(odd3).mul(format.outFactor).intoArray(sums, to + 3 * tokenStride);
        }
    }

    private static void floats(
            RowBlocks.Dense w, int from, int end, float[] x, int xStart, float[] sums, int sumsStart, int tokenStride) {
        MemorySegment data = w.data();
        var cols = w.cols();
        for (var block = from; block < end; block++) {
            var at = (long) block * cols * Lanes.BYTES;
            var xEnd = xStart + (cols & ~1) * FewTokens.TOKENS;
            var even0 = FloatVector.zero(Lanes.FLOAT);
            var even1 = FloatVector.zero(Lanes.FLOAT);
            var even2 = FloatVector.zero(Lanes.FLOAT);
            var even3 = FloatVector.zero(Lanes.FLOAT);
            var odd0 = FloatVector.zero(Lanes.FLOAT);
            var odd1 = FloatVector.zero(Lanes.FLOAT);
            var odd2 = FloatVector.zero(Lanes.FLOAT);
            var odd3 = FloatVector.zero(Lanes.FLOAT);
            for (var k = xStart; k < xEnd; k += 2 * FewTokens.TOKENS) {
                var w0 = FloatVector.fromMemorySegment(Lanes.FLOAT, data, at, ByteOrder.LITTLE_ENDIAN);
                var w1 = FloatVector.fromMemorySegment(Lanes.FLOAT, data, at + Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                at += 2L * Lanes.BYTES;
                even0 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), even0);
                even1 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 1]), even1);
                even2 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 2]), even2);
                even3 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 3]), even3);
                odd0 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 4]), odd0);
                odd1 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 5]), odd1);
                odd2 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 6]), odd2);
                odd3 = w1.fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 7]), odd3);
            }
            if ((cols & 1) == 1) {
                var w0 = FloatVector.fromMemorySegment(Lanes.FLOAT, data, at, ByteOrder.LITTLE_ENDIAN);
                even0 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd]), even0);
                even1 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 1]), even1);
                even2 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 2]), even2);
                even3 = w0.fma(FloatVector.broadcast(Lanes.FLOAT, x[xEnd + 3]), even3);
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
            even0.add(odd0).intoArray(sums, to);
            even1.add(odd1).intoArray(sums, to + tokenStride);
            even2.add(odd2).intoArray(sums, to + 2 * tokenStride);
            even3.add(odd3).intoArray(sums, to + 3 * tokenStride);
        }
    }
}
