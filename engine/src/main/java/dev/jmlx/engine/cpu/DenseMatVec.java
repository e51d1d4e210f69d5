package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Unquantized weights times one token, straight from the [RowBlocks]; the twin of [MatVec]. Any thread.
final class DenseMatVec {
    private DenseMatVec() {}

    /// As [MatVec#blocks]; `x` carries the format's factor.
    static void blocks(RowBlocks.Dense w, int from, int end, float[] x, float[] y, int to) {
        if (w.type().byteSize() == Float.BYTES) {
            floats(w, from, end, x, y, to);
        } else {
            halves(w, HalfFormat.of(w.type()), from, end, x, y, to);
        }
    }

    private static void halves(RowBlocks.Dense w, HalfFormat format, int from, int end, float[] x, float[] y, int to) {
        MemorySegment data = w.data();
        var cols = w.cols();
        var shift = format.shift;
        var mask = format.mask;
        for (var block = from; block < end; block++) {
            var start = (long) block * cols * (Lanes.BYTES / 2);
            var a = FloatVector.zero(Lanes.FLOAT);
            var b = FloatVector.zero(Lanes.FLOAT);
            var c = FloatVector.zero(Lanes.FLOAT);
            var d = FloatVector.zero(Lanes.FLOAT);
            var k = 0;
            for (; k < cols - 3; k += 4) {
                a = ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF, data, start + (long) k * (Lanes.BYTES / 2), ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), a);
                b = ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF,
                                        data,
                                        start + (long) (k + 1) * (Lanes.BYTES / 2),
                                        ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 1]), b);
                c = ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF,
                                        data,
                                        start + (long) (k + 2) * (Lanes.BYTES / 2),
                                        ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 2]), c);
                d = ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF,
                                        data,
                                        start + (long) (k + 3) * (Lanes.BYTES / 2),
                                        ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 3]), d);
            }
            for (; k < cols; k++) {
                a = ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF, data, start + (long) k * (Lanes.BYTES / 2), ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), a);
            }
            a.add(b).add(c.add(d)).mul(format.outFactor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }

    private static void floats(RowBlocks.Dense w, int from, int end, float[] x, float[] y, int to) {
        MemorySegment data = w.data();
        var cols = w.cols();
        for (var block = from; block < end; block++) {
            var start = (long) block * cols * Lanes.BYTES;
            var a = FloatVector.zero(Lanes.FLOAT);
            var b = FloatVector.zero(Lanes.FLOAT);
            var c = FloatVector.zero(Lanes.FLOAT);
            var d = FloatVector.zero(Lanes.FLOAT);
            var k = 0;
            for (; k < cols - 3; k += 4) {
                a = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, data, start + (long) k * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), a);
                b = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, data, start + (long) (k + 1) * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 1]), b);
                c = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, data, start + (long) (k + 2) * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 2]), c);
                d = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, data, start + (long) (k + 3) * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k + 3]), d);
            }
            for (; k < cols; k++) {
                a = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, data, start + (long) k * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, x[k]), a);
            }
            a.add(b).add(c.add(d)).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }
}
