package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Some positions' latents, widened to f32, and their products with queries; the scratch of one worker.
///
/// All heads of a token read the same rows, as keys and as values: widening them once costs a fraction of what it
/// would cost in the products. As many rows as stay in the L2 beside the queries.
final class LatentRows {
    /// Rows at most; divides the cache's block.
    static final int ROWS = 64;

    /// Queries that one call of the kernel multiplies; arrays of queries and scores have whole multiples.
    static final int QUERIES = 4;

    private static final int KEYS = 4;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private MemorySegment rows = MemorySegment.NULL;
    private int stride;

    /// The rows, f32, [#stride] apart from byte 0 on.
    MemorySegment rows() {
        return rows;
    }

    /// Elements from one row to the next: whole vectors, which end with zeros.
    int stride() {
        return stride;
    }

    /// Widens the `count` positions from `from` on, which are in one block.
    void load(KvCache.Full cache, int slot, int from, int count) {
        reserve(cache);
        var block = cache.block(slot, from);
        for (var i = 0; i < count; i++) {
            widen(cache, block, from + i, i);
        }
    }

    /// Widens the positions `chosen[at .. at + count - 1]`.
    void load(KvCache.Full cache, int slot, float[] chosen, int at, int count) {
        reserve(cache);
        for (var i = 0; i < count; i++) {
            var position = (int) chosen[at + i];
            widen(cache, cache.block(slot, position), position, i);
        }
    }

    private void reserve(KvCache.Full cache) {
        stride = Lanes.roundUp(cache.headDim());
        // Products read whole calls, that is, behind the last row.
        var bytes = ((long) ROWS * stride + FloatProduct.COLS) * Float.BYTES;
        if (rows.byteSize() < bytes) {
            rows = Arena.ofAuto().allocate(bytes, Lanes.BYTES);
        }
    }

    private void widen(KvCache.Full cache, MemorySegment block, int position, int row) {
        var from = cache.keys(0, position);
        var to = (long) row * stride * Float.BYTES;
        switch (cache.type()) {
            case F32 -> MemorySegment.copy(block, from, rows, to, (long) stride * Float.BYTES);
            case F16 -> halves(block, from, to, HalfFormat.F16.shift, HalfFormat.F16.mask, 0x1p112f);
            case BF16 -> halves(block, from, to, HalfFormat.BF16.shift, HalfFormat.BF16.mask, 1);
            case INT8 -> bytes(block, from, to, block.get(FLOAT, cache.keyScale(0, position)));
        }
        // The next row's, or what the cache has there.
        for (var d = cache.headDim(); d < stride; d++) {
            rows.set(FLOAT, to + (long) d * Float.BYTES, 0);
        }
    }

    private void halves(MemorySegment block, long from, long to, int shift, int mask, float factor) {
        for (var d = 0; d < stride; d += Lanes.COUNT) {
            var at = from + (long) d * Short.BYTES;
            ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, block, at, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                    .lanewise(VectorOperators.LSHL, shift)
                    .and(mask)
                    .reinterpretAsFloats()
                    .mul(factor)
                    .intoMemorySegment(rows, to + (long) d * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
        }
    }

    private void bytes(MemorySegment block, long from, long to, float scale) {
        for (var d = 0; d < stride; d += Lanes.COUNT) {
            ((FloatVector) ByteVector.fromMemorySegment(Lanes.QUARTER, block, from + d, ByteOrder.LITTLE_ENDIAN)
                            .convertShape(VectorOperators.B2F, Lanes.FLOAT, 0))
                    .mul(scale)
                    .intoMemorySegment(rows, to + (long) d * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
        }
    }

    /// `scores[i * scoreStride + p] = queries[i] * row p` for `count` queries, [#stride] apart, and the first
    /// `positions` rows; in whole calls, so that up to three more queries and rows are multiplied.
    void scores(int count, int positions, float[] queries, float[] scores, int scoreStride) {
        for (var i = 0; i < count; i += QUERIES) {
            for (var p = 0; p < positions; p += KEYS) {
                products(
                        rows,
                        (long) p * stride * Float.BYTES,
                        stride,
                        queries,
                        i * stride,
                        scores,
                        i * scoreStride + p,
                        scoreStride);
            }
        }
    }

    /// Four queries times four rows in sixteen accumulators, each of which is summed up at the end: one sum for
    /// every thirty or more multiplications of vectors.
    private static void products(
            MemorySegment b, long from, int stride, float[] a, int aStart, float[] c, int cStart, int cStride) {
        var c0a = FloatVector.zero(Lanes.FLOAT);
        var c0b = c0a;
        var c0c = c0a;
        var c0d = c0a;
        var c1a = c0a;
        var c1b = c0a;
        var c1c = c0a;
        var c1d = c0a;
        var c2a = c0a;
        var c2b = c0a;
        var c2c = c0a;
        var c2d = c0a;
        var c3a = c0a;
        var c3b = c0a;
        var c3c = c0a;
        var c3d = c0a;
        var rowBytes = (long) stride * Float.BYTES;
        for (var d = 0; d < stride; d += Lanes.COUNT) {
            var at = from + (long) d * Float.BYTES;
            var ba = FloatVector.fromMemorySegment(Lanes.FLOAT, b, at, ByteOrder.LITTLE_ENDIAN);
            var bb = FloatVector.fromMemorySegment(Lanes.FLOAT, b, at + rowBytes, ByteOrder.LITTLE_ENDIAN);
            var bc = FloatVector.fromMemorySegment(Lanes.FLOAT, b, at + 2 * rowBytes, ByteOrder.LITTLE_ENDIAN);
            var bd = FloatVector.fromMemorySegment(Lanes.FLOAT, b, at + 3 * rowBytes, ByteOrder.LITTLE_ENDIAN);
            var a0 = FloatVector.fromArray(Lanes.FLOAT, a, aStart + d);
            c0a = a0.fma(ba, c0a);
            c0b = a0.fma(bb, c0b);
            c0c = a0.fma(bc, c0c);
            c0d = a0.fma(bd, c0d);
            var a1 = FloatVector.fromArray(Lanes.FLOAT, a, aStart + d + stride);
            c1a = a1.fma(ba, c1a);
            c1b = a1.fma(bb, c1b);
            c1c = a1.fma(bc, c1c);
            c1d = a1.fma(bd, c1d);
            var a2 = FloatVector.fromArray(Lanes.FLOAT, a, aStart + d + 2 * stride);
            c2a = a2.fma(ba, c2a);
            c2b = a2.fma(bb, c2b);
            c2c = a2.fma(bc, c2c);
            c2d = a2.fma(bd, c2d);
            var a3 = FloatVector.fromArray(Lanes.FLOAT, a, aStart + d + 3 * stride);
            c3a = a3.fma(ba, c3a);
            c3b = a3.fma(bb, c3b);
            c3c = a3.fma(bc, c3c);
            c3d = a3.fma(bd, c3d);
        }
        c[cStart] = c0a.reduceLanes(VectorOperators.ADD);
        c[cStart + 1] = c0b.reduceLanes(VectorOperators.ADD);
        c[cStart + 2] = c0c.reduceLanes(VectorOperators.ADD);
        c[cStart + 3] = c0d.reduceLanes(VectorOperators.ADD);
        c[cStart + cStride] = c1a.reduceLanes(VectorOperators.ADD);
        c[cStart + cStride + 1] = c1b.reduceLanes(VectorOperators.ADD);
        c[cStart + cStride + 2] = c1c.reduceLanes(VectorOperators.ADD);
        c[cStart + cStride + 3] = c1d.reduceLanes(VectorOperators.ADD);
        c[cStart + 2 * cStride] = c2a.reduceLanes(VectorOperators.ADD);
        c[cStart + 2 * cStride + 1] = c2b.reduceLanes(VectorOperators.ADD);
        c[cStart + 2 * cStride + 2] = c2c.reduceLanes(VectorOperators.ADD);
        c[cStart + 2 * cStride + 3] = c2d.reduceLanes(VectorOperators.ADD);
        c[cStart + 3 * cStride] = c3a.reduceLanes(VectorOperators.ADD);
        c[cStart + 3 * cStride + 1] = c3b.reduceLanes(VectorOperators.ADD);
        c[cStart + 3 * cStride + 2] = c3c.reduceLanes(VectorOperators.ADD);
        c[cStart + 3 * cStride + 3] = c3d.reduceLanes(VectorOperators.ADD);
    }
}
