package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Up to four rows times a matrix of 16-bit floats in a cache, widened in registers: the products of attention
/// for [dev.jmlx.engine.cache.CacheType#F16] and [dev.jmlx.engine.cache.CacheType#BF16].
///
/// A widened element is the stored bits, sign-extended, shifted left by `shift` and masked: for BF16 (16, -1)
/// the value itself, for F16 the value times `2^-112`, which the caller takes out again ([HalfFormat]).
/// Infinities and NaNs of F16 come out finite.
///
/// One method for each number of rows, each with four vectors of columns: up to sixteen accumulators. Widening
/// in registers leaves the memory busy while the multiplications run; through a buffer in the L1, decoding at
/// long contexts ran at 0.4 times the speed. Any thread.
final class HalfProduct {
    /// Columns that one call computes.
    static final int COLS = 4 * Lanes.COUNT;

    private HalfProduct() {}

    /// `c[i, j] += sum over k < count of a[i, k] * b[k, j]` for `rows` rows and [#COLS] columns.
    ///
    /// Rows of `a` and `c` are `aStride` and `cStride` floats apart, from `aStart` and `cStart`; rows
    /// of `b` are `stride` bytes apart, from byte `from`.
    static void multiply(
            int rows,
            MemorySegment b,
            long from,
            int stride,
            int shift,
            int mask,
            int count,
            float[] a,
            int aStart,
            int aStride,
            float[] c,
            int cStart,
            int cStride) {
        var row = 0;
        for (; row + 4 <= rows; row += 4) {
            rows4(
                    b,
                    from,
                    stride,
                    shift,
                    mask,
                    count,
                    a,
                    aStart + row * aStride,
                    aStride,
                    c,
                    cStart + row * cStride,
                    cStride);
        }
        var at = aStart + row * aStride;
        var to = cStart + row * cStride;
        switch (rows - row) {
            case 3 -> rows3(b, from, stride, shift, mask, count, a, at, aStride, c, to, cStride);
            case 2 -> rows2(b, from, stride, shift, mask, count, a, at, aStride, c, to, cStride);
            case 1 -> rows1(b, from, stride, shift, mask, count, a, at, c, to);
            default -> {}
        }
    }

    private static void rows1(
            MemorySegment b,
            long from,
            int stride,
            int shift,
            int mask,
            int count,
            float[] a,
            int aStart,
            float[] c,
            int cStart) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + Lanes.COUNT);
        var c0c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c0d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var at = from + (long) k * stride;
            var ba = ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, b, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bb = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 1L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bc = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 2L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bd = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 3L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            c0c = a0.fma(bc, c0c);
            c0d = a0.fma(bd, c0d);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + Lanes.COUNT);
        c0c.intoArray(c, cStart + 2 * Lanes.COUNT);
        c0d.intoArray(c, cStart + 3 * Lanes.COUNT);
    }

    private static void rows2(
            MemorySegment b,
            long from,
            int stride,
            int shift,
            int mask,
            int count,
            float[] a,
            int aStart,
            int aStride,
            float[] c,
            int cStart,
            int cStride) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + Lanes.COUNT);
        var c0c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c0d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + Lanes.COUNT);
        var c1c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 2 * Lanes.COUNT);
        var c1d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 3 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var at = from + (long) k * stride;
            var ba = ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, b, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bb = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 1L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bc = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 2L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bd = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 3L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            c0c = a0.fma(bc, c0c);
            c0d = a0.fma(bd, c0d);
            var a1 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + aStride]);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            c1c = a1.fma(bc, c1c);
            c1d = a1.fma(bd, c1d);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + Lanes.COUNT);
        c0c.intoArray(c, cStart + 2 * Lanes.COUNT);
        c0d.intoArray(c, cStart + 3 * Lanes.COUNT);
        c1a.intoArray(c, cStart + cStride);
        c1b.intoArray(c, cStart + cStride + Lanes.COUNT);
        c1c.intoArray(c, cStart + cStride + 2 * Lanes.COUNT);
        c1d.intoArray(c, cStart + cStride + 3 * Lanes.COUNT);
    }

    private static void rows3(
            MemorySegment b,
            long from,
            int stride,
            int shift,
            int mask,
            int count,
            float[] a,
            int aStart,
            int aStride,
            float[] c,
            int cStart,
            int cStride) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + Lanes.COUNT);
        var c0c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c0d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + Lanes.COUNT);
        var c1c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 2 * Lanes.COUNT);
        var c1d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 3 * Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + Lanes.COUNT);
        var c2c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + 2 * Lanes.COUNT);
        var c2d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + 3 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var at = from + (long) k * stride;
            var ba = ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, b, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bb = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 1L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bc = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 2L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bd = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 3L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            c0c = a0.fma(bc, c0c);
            c0d = a0.fma(bd, c0d);
            var a1 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + aStride]);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            c1c = a1.fma(bc, c1c);
            c1d = a1.fma(bd, c1d);
            var a2 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + 2 * aStride]);
            c2a = a2.fma(ba, c2a);
            c2b = a2.fma(bb, c2b);
            c2c = a2.fma(bc, c2c);
            c2d = a2.fma(bd, c2d);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + Lanes.COUNT);
        c0c.intoArray(c, cStart + 2 * Lanes.COUNT);
        c0d.intoArray(c, cStart + 3 * Lanes.COUNT);
        c1a.intoArray(c, cStart + cStride);
        c1b.intoArray(c, cStart + cStride + Lanes.COUNT);
        c1c.intoArray(c, cStart + cStride + 2 * Lanes.COUNT);
        c1d.intoArray(c, cStart + cStride + 3 * Lanes.COUNT);
        c2a.intoArray(c, cStart + 2 * cStride);
        c2b.intoArray(c, cStart + 2 * cStride + Lanes.COUNT);
        c2c.intoArray(c, cStart + 2 * cStride + 2 * Lanes.COUNT);
        c2d.intoArray(c, cStart + 2 * cStride + 3 * Lanes.COUNT);
    }

    private static void rows4(
            MemorySegment b,
            long from,
            int stride,
            int shift,
            int mask,
            int count,
            float[] a,
            int aStart,
            int aStride,
            float[] c,
            int cStart,
            int cStride) {
        var c0a = FloatVector.fromArray(Lanes.FLOAT, c, cStart);
        var c0b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + Lanes.COUNT);
        var c0c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * Lanes.COUNT);
        var c0d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * Lanes.COUNT);
        var c1a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride);
        var c1b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + Lanes.COUNT);
        var c1c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 2 * Lanes.COUNT);
        var c1d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + cStride + 3 * Lanes.COUNT);
        var c2a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride);
        var c2b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + Lanes.COUNT);
        var c2c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + 2 * Lanes.COUNT);
        var c2d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 2 * cStride + 3 * Lanes.COUNT);
        var c3a = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * cStride);
        var c3b = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * cStride + Lanes.COUNT);
        var c3c = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * cStride + 2 * Lanes.COUNT);
        var c3d = FloatVector.fromArray(Lanes.FLOAT, c, cStart + 3 * cStride + 3 * Lanes.COUNT);
        for (var k = 0; k < count; k++) {
            var at = from + (long) k * stride;
            var ba = ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, b, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bb = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 1L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bc = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 2L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var bd = ((IntVector) ShortVector.fromMemorySegment(
                                    Lanes.HALF, b, at + 3L * Lanes.COUNT * Short.BYTES, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats();
            var a0 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k]);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            c0c = a0.fma(bc, c0c);
            c0d = a0.fma(bd, c0d);
            var a1 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + aStride]);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            c1c = a1.fma(bc, c1c);
            c1d = a1.fma(bd, c1d);
            var a2 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + 2 * aStride]);
            c2a = a2.fma(ba, c2a);
            c2b = a2.fma(bb, c2b);
            c2c = a2.fma(bc, c2c);
            c2d = a2.fma(bd, c2d);
            var a3 = FloatVector.broadcast(Lanes.FLOAT, a[aStart + k + 3 * aStride]);
            c3a = a3.fma(ba, c3a);
            c3b = a3.fma(bb, c3b);
            c3c = a3.fma(bc, c3c);
            c3d = a3.fma(bd, c3d);
        }
        c0a.intoArray(c, cStart);
        c0b.intoArray(c, cStart + Lanes.COUNT);
        c0c.intoArray(c, cStart + 2 * Lanes.COUNT);
        c0d.intoArray(c, cStart + 3 * Lanes.COUNT);
        c1a.intoArray(c, cStart + cStride);
        c1b.intoArray(c, cStart + cStride + Lanes.COUNT);
        c1c.intoArray(c, cStart + cStride + 2 * Lanes.COUNT);
        c1d.intoArray(c, cStart + cStride + 3 * Lanes.COUNT);
        c2a.intoArray(c, cStart + 2 * cStride);
        c2b.intoArray(c, cStart + 2 * cStride + Lanes.COUNT);
        c2c.intoArray(c, cStart + 2 * cStride + 2 * Lanes.COUNT);
        c2d.intoArray(c, cStart + 2 * cStride + 3 * Lanes.COUNT);
        c3a.intoArray(c, cStart + 3 * cStride);
        c3b.intoArray(c, cStart + 3 * cStride + Lanes.COUNT);
        c3c.intoArray(c, cStart + 3 * cStride + 2 * Lanes.COUNT);
        c3d.intoArray(c, cStart + 3 * cStride + 3 * Lanes.COUNT);
    }
}
