package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Weights times four tokens, straight from the [RowBlocks]: what several sequences decode with where
/// [ShortFewTokens] does not apply.
///
/// As [MatVec], but a weight that was masked out and converted meets four activations, so that four tokens cost
/// little more than one where memory is the limit. Fewer tokens are filled up to four; more go four at a time
/// over a stretch of weights that stays in the L2. Here for 4 bits; [FewBytes], [FewPlanes], [DenseFewTokens]
/// and [MicroscaledFewTokens] have the others. Kernels are written out, like those of [MatVec] and for the
/// same reason. Any thread.
final class FewTokens {
    /// Tokens of one pass.
    static final int TOKENS = 4;

    private FewTokens() {}

    /// The most tokens for which this is faster than unpacking `weight` into panels once; 0 where there is no
    /// kernel.
    static int most(RowBlocks weight) {
        return switch (weight) {
            case RowBlocks.Dense _, RowBlocks.Microscaled _ -> DecodeLinears.MAX_TOKENS;
            case RowBlocks.Quantized w when w.scaleType().byteSize() != Short.BYTES -> 0;
            case RowBlocks.Quantized w when w.bits() == 4 || w.bits() == 8 -> DecodeLinears.MAX_TOKENS;
            case RowBlocks.Quantized _ -> 2 * TOKENS;
        };
    }

    /// Adds `dot(weight row, token)`, over the columns of one part, to the sums, which are zero before the
    /// first part, for the blocks `from .. end - 1` and the [#TOKENS] tokens of one tile of `x`. The sums of
    /// token `t` lie from `sumsStart + t * tokenStride` on, `[block, lane]`. Weights that are never in several
    /// parts may overwrite instead.
    static void blocks(
            RowBlocks weight,
            int part,
            int from,
            int end,
            FewInput x,
            int tile,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        switch (weight) {
            case RowBlocks.Dense dense ->
                DenseFewTokens.blocks(dense, from, end, x, tile, sums, sumsStart, tokenStride);
            case RowBlocks.Microscaled w ->
                MicroscaledFewTokens.blocks(w, from, end, x, tile, sums, sumsStart, tokenStride);
            case RowBlocks.Quantized w -> quantized(w, part, from, end, x, tile, sums, sumsStart, tokenStride);
        }
    }

    private static void quantized(
            RowBlocks.Quantized w,
            int part,
            int from,
            int end,
            FewInput x,
            int tile,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        var format = HalfFormat.of(w.scaleType());
        var xStart = x.valuesAt(tile) + w.firstCol(part) * TOKENS;
        var xSumsStart = x.sumsAt(tile) + w.firstGroup(part) * TOKENS;
        switch (w.bits()) {
            case 4 ->
                plane4(
                        w,
                        part,
                        format,
                        from,
                        end,
                        x.values(),
                        xStart,
                        x.sums(),
                        xSumsStart,
                        sums,
                        sumsStart,
                        tokenStride);
            case 8 ->
                FewBytes.blocks(
                        w, part, from, end, x.values(), xStart, x.sums(), xSumsStart, sums, sumsStart, tokenStride);
            default ->
                FewPlanes.blocks(
                        w, part, from, end, x.values(), xStart, x.sums(), xSumsStart, sums, sumsStart, tokenStride);
        }
    }

    private static void plane4(
            RowBlocks.Quantized w,
            int part,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            int xStart,
            float[] xSums,
            int xSumsStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        MemorySegment data = w.data();
        var plane = w.planes().getFirst();
        var shift = format.shift;
        var mask = format.mask;
        var factors = FloatVector.broadcast(Lanes.FLOAT, format.outFactor);
        var count = w.cols(part) / 8;
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / 8);
        var groupMask = w.groupSize() / 8 - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, w.firstGroup(part)) + plane.offset();
            var to = sumsStart + (block - from) * Lanes.COUNT;
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            var even0 = FloatVector.zero(Lanes.FLOAT);
            var even1 = FloatVector.zero(Lanes.FLOAT);
            var even2 = FloatVector.zero(Lanes.FLOAT);
            var even3 = FloatVector.zero(Lanes.FLOAT);
            var odd0 = FloatVector.zero(Lanes.FLOAT);
            var odd1 = FloatVector.zero(Lanes.FLOAT);
            var odd2 = FloatVector.zero(Lanes.FLOAT);
            var odd3 = FloatVector.zero(Lanes.FLOAT);
            for (var i = 0; i < count; i++) {
                var at = xStart + i * 32;
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var q = (FloatVector) word.and(0xF).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 1]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 2]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 3]), even3);
                q = (FloatVector) word.and(0xF0).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 4]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 5]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 6]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 7]), odd3);
                q = (FloatVector) word.and(0xF00).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 8]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 9]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 10]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 11]), even3);
                q = (FloatVector) word.and(0xF000).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 12]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 13]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 14]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 15]), odd3);
                word = word.lanewise(VectorOperators.LSHR, 16);
                q = (FloatVector) word.and(0xF).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 16]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 17]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 18]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 19]), even3);
                q = (FloatVector) word.and(0xF0).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 20]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 21]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 22]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 23]), odd3);
                q = (FloatVector) word.and(0xF00).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 24]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 25]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 26]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 27]), even3);
                q = (FloatVector) word.and(0xF000).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 28]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 29]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 30]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 31]), odd3);
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scale = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    c0 = scale.fma(even0.add(odd0), c0);
                    c1 = scale.fma(even1.add(odd1), c1);
                    c2 = scale.fma(even2.add(odd2), c2);
                    c3 = scale.fma(even3.add(odd3), c3);
                    var bias = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    var sumAt = xSumsStart + (i >> groupShift) * TOKENS;
                    c0 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt]), c0);
                    c1 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 1]), c1);
                    c2 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 2]), c2);
                    c3 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 3]), c3);
                    fromByte += gap;
                    even0 = FloatVector.zero(Lanes.FLOAT);
                    even1 = FloatVector.zero(Lanes.FLOAT);
                    even2 = FloatVector.zero(Lanes.FLOAT);
                    even3 = FloatVector.zero(Lanes.FLOAT);
                    odd0 = FloatVector.zero(Lanes.FLOAT);
                    odd1 = FloatVector.zero(Lanes.FLOAT);
                    odd2 = FloatVector.zero(Lanes.FLOAT);
                    odd3 = FloatVector.zero(Lanes.FLOAT);
                }
            }
            c0.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to)).intoArray(sums, to);
            c1.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + tokenStride))
                    .intoArray(sums, to + tokenStride);
            c2.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 2 * tokenStride))
                    .intoArray(sums, to + 2 * tokenStride);
            c3.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 3 * tokenStride))
                    .intoArray(sums, to + 3 * tokenStride);
        }
    }
}
