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
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Some positions' latents, widened to f32, and their products with queries; the scratch of one worker.
///
/// All heads of a token read the same rows, as keys and as values: widening them once costs a fraction of what it
/// would cost in the products. As many rows as stay in the L2 beside the queries.
final class LatentRows {
    /// Rows at most; divides the cache's block.
    static final int ROWS = 128;

    /// Queries that one call of the kernel multiplies; arrays of queries and scores have whole multiples.
    static final int QUERIES = 4;

    private static final int KEYS = 4;
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Lanes whose number differs in one bit change places.
    private static final VectorShuffle<Float> SWAP_1 = swap(1);

    private static final VectorShuffle<Float> SWAP_2 = swap(2);
    private static final VectorShuffle<Float> SWAP_4 = swap(4);
    private static final VectorShuffle<Float> SWAP_8 = swap(8);

    /// Lanes whose number has that bit.
    private static final VectorMask<Float> ODD_1 = VectorMask.fromLong(Lanes.FLOAT, 0xAAAA);

    private static final VectorMask<Float> ODD_2 = VectorMask.fromLong(Lanes.FLOAT, 0xCCCC);
    private static final VectorMask<Float> ODD_4 = VectorMask.fromLong(Lanes.FLOAT, 0xF0F0);
    private static final VectorMask<Float> ODD_8 = VectorMask.fromLong(Lanes.FLOAT, 0xFF00);

    private final float[] sums = new float[QUERIES * KEYS];
    private MemorySegment rows = MemorySegment.NULL;
    private int stride;

    private static VectorShuffle<Float> swap(int bit) {
        return VectorShuffle.fromOp(Lanes.FLOAT, lane -> (lane ^ bit) & (Lanes.COUNT - 1));
    }

    /// The rows, f32, [#stride] apart from byte 0 on.
    MemorySegment rows() {
        return rows;
    }

    /// Elements from one row to the next, as in the cache: whole vectors, which end with zeros.
    int stride() {
        return stride;
    }

    /// Widens the `count` positions from `from` on, which are in one block.
    void load(KvCache.Full cache, int slot, int from, int count) {
        reserve(cache);
        widen(cache, cache.block(slot, from), from, 0, count);
    }

    /// Widens the positions `chosen[at .. at + count - 1]`.
    void load(KvCache.Full cache, int slot, float[] chosen, int at, int count) {
        reserve(cache);
        for (var i = 0; i < count; i++) {
            var position = (int) chosen[at + i];
            widen(cache, cache.block(slot, position), position, i, 1);
        }
    }

    private void reserve(KvCache.Full cache) {
        stride = cache.valueStride();
        // Products read whole calls, that is, behind the last row.
        var bytes = ((long) ROWS * stride + FloatProduct.COLS) * Float.BYTES;
        if (rows.byteSize() < bytes) {
            rows = Arena.ofAuto().allocate(bytes, Lanes.BYTES);
        }
    }

    /// Makes the `count` rows from `row` on of the positions from `position` on.
    private void widen(KvCache.Full cache, MemorySegment block, int position, int row, int count) {
        var from = cache.keys(0, position);
        var to = (long) row * stride * Float.BYTES;
        switch (cache.type()) {
            case F32 -> MemorySegment.copy(block, from, rows, to, (long) count * stride * Float.BYTES);
            case F16 -> halves(block, from, to, count, HalfFormat.F16.shift, HalfFormat.F16.mask, 0x1p112f);
            case BF16 -> halves(block, from, to, count, HalfFormat.BF16.shift, HalfFormat.BF16.mask, 1);
            case INT8 -> {
                for (var i = 0; i < count; i++) {
                    var scale = block.get(FLOAT, cache.keyScale(0, position + i));
                    bytes(block, from + (long) i * stride, to + (long) i * stride * Float.BYTES, scale);
                }
            }
        }
        // What the cache has there means nothing.
        for (var i = row; i < row + count; i++) {
            for (var d = cache.headDim(); d < stride; d++) {
                rows.set(FLOAT, ((long) i * stride + d) * Float.BYTES, 0);
            }
        }
    }

    private void halves(MemorySegment block, long from, long to, int count, int shift, int mask, float factor) {
        for (var d = 0; d < count * stride; d += Lanes.COUNT) {
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
                        scoreStride,
                        sums);
            }
        }
    }

    /// Four queries times four rows in sixteen accumulators.
    ///
    /// At the end all sixteen are summed up together: two vectors become one of sums of neighbours, the first's in
    /// even lanes and the second's in odd ones; two of those one of pairs, and so on, until one vector has the
    /// sixteen sums in order. That takes no time beside the multiplications, where sixteen `reduceLanes` take
    /// half as long again. Written out, because C2 does not inline it here and boxes what crosses a call.
    private static void products(
            MemorySegment b,
            long from,
            int stride,
            float[] a,
            int aStart,
            float[] c,
            int cStart,
            int cStride,
            float[] sums) {
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
        var c0ab = c0a.blend(c0b, ODD_1).add(c0a.rearrange(SWAP_1).blend(c0b.rearrange(SWAP_1), ODD_1));
        var c0cd = c0c.blend(c0d, ODD_1).add(c0c.rearrange(SWAP_1).blend(c0d.rearrange(SWAP_1), ODD_1));
        var c0 = c0ab.blend(c0cd, ODD_2).add(c0ab.rearrange(SWAP_2).blend(c0cd.rearrange(SWAP_2), ODD_2));
        var c1ab = c1a.blend(c1b, ODD_1).add(c1a.rearrange(SWAP_1).blend(c1b.rearrange(SWAP_1), ODD_1));
        var c1cd = c1c.blend(c1d, ODD_1).add(c1c.rearrange(SWAP_1).blend(c1d.rearrange(SWAP_1), ODD_1));
        var c1 = c1ab.blend(c1cd, ODD_2).add(c1ab.rearrange(SWAP_2).blend(c1cd.rearrange(SWAP_2), ODD_2));
        var c2ab = c2a.blend(c2b, ODD_1).add(c2a.rearrange(SWAP_1).blend(c2b.rearrange(SWAP_1), ODD_1));
        var c2cd = c2c.blend(c2d, ODD_1).add(c2c.rearrange(SWAP_1).blend(c2d.rearrange(SWAP_1), ODD_1));
        var c2 = c2ab.blend(c2cd, ODD_2).add(c2ab.rearrange(SWAP_2).blend(c2cd.rearrange(SWAP_2), ODD_2));
        var c3ab = c3a.blend(c3b, ODD_1).add(c3a.rearrange(SWAP_1).blend(c3b.rearrange(SWAP_1), ODD_1));
        var c3cd = c3c.blend(c3d, ODD_1).add(c3c.rearrange(SWAP_1).blend(c3d.rearrange(SWAP_1), ODD_1));
        var c3 = c3ab.blend(c3cd, ODD_2).add(c3ab.rearrange(SWAP_2).blend(c3cd.rearrange(SWAP_2), ODD_2));
        if (Lanes.COUNT == 4) {
            c0.intoArray(sums, 0);
            c1.intoArray(sums, 4);
            c2.intoArray(sums, 8);
            c3.intoArray(sums, 12);
        } else {
            var c01 = c0.blend(c1, ODD_4).add(c0.rearrange(SWAP_4).blend(c1.rearrange(SWAP_4), ODD_4));
            var c23 = c2.blend(c3, ODD_4).add(c2.rearrange(SWAP_4).blend(c3.rearrange(SWAP_4), ODD_4));
            if (Lanes.COUNT == 8) {
                c01.intoArray(sums, 0);
                c23.intoArray(sums, 8);
            } else {
                var all = c01.blend(c23, ODD_8).add(c01.rearrange(SWAP_8).blend(c23.rearrange(SWAP_8), ODD_8));
                all.intoArray(sums, 0);
            }
        }
        for (var i = 0; i < KEYS; i++) {
            c[cStart + i] = sums[i];
            c[cStart + cStride + i] = sums[KEYS + i];
            c[cStart + 2 * cStride + i] = sums[2 * KEYS + i];
            c[cStart + 3 * cStride + i] = sums[3 * KEYS + i];
        }
    }
}
