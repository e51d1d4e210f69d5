package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// 8-bit weights times four tokens, straight from the [RowBlocks]; called by [FewTokens], which says why.
///
/// Vectors of 512 bits come with 32 registers, enough for the sums of two row blocks: each activation is loaded
/// once for both. That is 1.2 times as fast (Zen 4, from the L2 and from memory); with 16 registers it is slower
/// than one block at a time. The second block is as far ahead as half of the call's blocks, so that memory is
/// read in two long streams: with neighbours, each stream jumps over the other's block, and from memory nothing
/// was gained. Kernels are written out, like those of [MatVec] and for the same reason. Any thread.
final class FewBytes {
    /// Columns in a word.
    private static final int COLUMNS = 4;

    private static final boolean MANY_REGISTERS = Lanes.FLOAT.vectorBitSize() == 512;

    private FewBytes() {}

    /// Whether `tokens` tokens meet the row blocks of `weight` in pairs.
    static boolean takesPairs(int tokens, RowBlocks weight) {
        return MANY_REGISTERS
                && tokens > 1
                && tokens <= FewTokens.most(weight)
                && weight instanceof RowBlocks.Quantized quantized
                && quantized.bits() == 8;
    }

    /// As [FewTokens#blocks]; the part's activations begin at `x[xStart]`, their sums at
    /// `xSums[xSumsStart]`.
    static void blocks(
            RowBlocks.Quantized w,
            int part,
            int from,
            int end,
            float[] x,
            int xStart,
            float[] xSums,
            int xSumsStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        var format = HalfFormat.of(w.scaleType());
        var pairs = MANY_REGISTERS ? end - (end - from) % 2 : from;
        var pairsEnd = sumsStart + (pairs - from) * Lanes.COUNT;
        two(w, part, format, from, pairs, x, xStart, xSums, xSumsStart, sums, sumsStart, tokenStride);
        one(w, part, format, pairs, end, x, xStart, xSums, xSumsStart, sums, pairsEnd, tokenStride);
    }

    private static void two(
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
        var count = w.cols(part) / COLUMNS;
        var groupMask = w.groupSize() / COLUMNS - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        var half = (end - from) / 2;
        for (var block = from; block < from + half; block++) {
            var fromByte = w.recordAt(block, w.firstGroup(part)) + plane.offset();
            var toB = w.recordAt(block + half, w.firstGroup(part)) + plane.offset() - fromByte;
            var a0 = FloatVector.zero(Lanes.FLOAT);
            var a1 = FloatVector.zero(Lanes.FLOAT);
            var a2 = FloatVector.zero(Lanes.FLOAT);
            var a3 = FloatVector.zero(Lanes.FLOAT);
            var b0 = FloatVector.zero(Lanes.FLOAT);
            var b1 = FloatVector.zero(Lanes.FLOAT);
            var b2 = FloatVector.zero(Lanes.FLOAT);
            var b3 = FloatVector.zero(Lanes.FLOAT);
            var sumA0 = FloatVector.zero(Lanes.FLOAT);
            var sumA1 = FloatVector.zero(Lanes.FLOAT);
            var sumA2 = FloatVector.zero(Lanes.FLOAT);
            var sumA3 = FloatVector.zero(Lanes.FLOAT);
            var sumB0 = FloatVector.zero(Lanes.FLOAT);
            var sumB1 = FloatVector.zero(Lanes.FLOAT);
            var sumB2 = FloatVector.zero(Lanes.FLOAT);
            var sumB3 = FloatVector.zero(Lanes.FLOAT);
            var at = xStart;
            var sumAt = xSumsStart;
            for (var i = 0; i < count; i++) {
                var wordA = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var wordB = IntVector.fromMemorySegment(Lanes.INT, data, fromByte + toB, ByteOrder.LITTLE_ENDIAN);
                var qA = (FloatVector) wordA.and(0xFF).convert(VectorOperators.I2F, 0);
                var qB = (FloatVector) wordB.and(0xFF).convert(VectorOperators.I2F, 0);
                var in = FloatVector.broadcast(Lanes.FLOAT, x[at]);
                sumA0 = qA.fma(in, sumA0);
                sumB0 = qB.fma(in, sumB0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 1]);
                sumA1 = qA.fma(in, sumA1);
                sumB1 = qB.fma(in, sumB1);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 2]);
                sumA2 = qA.fma(in, sumA2);
                sumB2 = qB.fma(in, sumB2);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 3]);
                sumA3 = qA.fma(in, sumA3);
                sumB3 = qB.fma(in, sumB3);
                qA = (FloatVector) wordA.and(0xFF00).convert(VectorOperators.I2F, 0);
                qB = (FloatVector) wordB.and(0xFF00).convert(VectorOperators.I2F, 0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 4]);
                sumA0 = qA.fma(in, sumA0);
                sumB0 = qB.fma(in, sumB0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 5]);
                sumA1 = qA.fma(in, sumA1);
                sumB1 = qB.fma(in, sumB1);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 6]);
                sumA2 = qA.fma(in, sumA2);
                sumB2 = qB.fma(in, sumB2);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 7]);
                sumA3 = qA.fma(in, sumA3);
                sumB3 = qB.fma(in, sumB3);
                wordA = wordA.lanewise(VectorOperators.LSHR, 16);
                wordB = wordB.lanewise(VectorOperators.LSHR, 16);
                qA = (FloatVector) wordA.and(0xFF).convert(VectorOperators.I2F, 0);
                qB = (FloatVector) wordB.and(0xFF).convert(VectorOperators.I2F, 0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 8]);
                sumA0 = qA.fma(in, sumA0);
                sumB0 = qB.fma(in, sumB0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 9]);
                sumA1 = qA.fma(in, sumA1);
                sumB1 = qB.fma(in, sumB1);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 10]);
                sumA2 = qA.fma(in, sumA2);
                sumB2 = qB.fma(in, sumB2);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 11]);
                sumA3 = qA.fma(in, sumA3);
                sumB3 = qB.fma(in, sumB3);
                qA = (FloatVector) wordA.and(0xFF00).convert(VectorOperators.I2F, 0);
                qB = (FloatVector) wordB.and(0xFF00).convert(VectorOperators.I2F, 0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 12]);
                sumA0 = qA.fma(in, sumA0);
                sumB0 = qB.fma(in, sumB0);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 13]);
                sumA1 = qA.fma(in, sumA1);
                sumB1 = qB.fma(in, sumB1);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 14]);
                sumA2 = qA.fma(in, sumA2);
                sumB2 = qB.fma(in, sumB2);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 15]);
                sumA3 = qA.fma(in, sumA3);
                sumB3 = qB.fma(in, sumB3);
                at += COLUMNS * FewTokens.TOKENS;
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scaleA = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    var biasA = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    var scaleB = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toB + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    var biasB = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toB + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    in = FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt]);
                    a0 = biasA.fma(in, scaleA.fma(sumA0, a0));
                    b0 = biasB.fma(in, scaleB.fma(sumB0, b0));
                    in = FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 1]);
                    a1 = biasA.fma(in, scaleA.fma(sumA1, a1));
                    b1 = biasB.fma(in, scaleB.fma(sumB1, b1));
                    in = FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 2]);
                    a2 = biasA.fma(in, scaleA.fma(sumA2, a2));
                    b2 = biasB.fma(in, scaleB.fma(sumB2, b2));
                    in = FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 3]);
                    a3 = biasA.fma(in, scaleA.fma(sumA3, a3));
                    b3 = biasB.fma(in, scaleB.fma(sumB3, b3));
                    sumA0 = FloatVector.zero(Lanes.FLOAT);
                    sumA1 = FloatVector.zero(Lanes.FLOAT);
                    sumA2 = FloatVector.zero(Lanes.FLOAT);
                    sumA3 = FloatVector.zero(Lanes.FLOAT);
                    sumB0 = FloatVector.zero(Lanes.FLOAT);
                    sumB1 = FloatVector.zero(Lanes.FLOAT);
                    sumB2 = FloatVector.zero(Lanes.FLOAT);
                    sumB3 = FloatVector.zero(Lanes.FLOAT);
                    fromByte += gap;
                    sumAt += FewTokens.TOKENS;
                }
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
            a0.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to)).intoArray(sums, to);
            a1.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + tokenStride))
                    .intoArray(sums, to + tokenStride);
            a2.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 2 * tokenStride))
                    .intoArray(sums, to + 2 * tokenStride);
            a3.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 3 * tokenStride))
                    .intoArray(sums, to + 3 * tokenStride);
            to += half * Lanes.COUNT;
            b0.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to)).intoArray(sums, to);
            b1.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + tokenStride))
                    .intoArray(sums, to + tokenStride);
            b2.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 2 * tokenStride))
                    .intoArray(sums, to + 2 * tokenStride);
            b3.fma(factors, FloatVector.fromArray(Lanes.FLOAT, sums, to + 3 * tokenStride))
                    .intoArray(sums, to + 3 * tokenStride);
        }
    }

    private static void one(
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
        var count = w.cols(part) / COLUMNS;
        var groupMask = w.groupSize() / COLUMNS - 1;
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
            var at = xStart;
            var sumAt = xSumsStart;
            for (var i = 0; i < count; i++) {
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var q = (FloatVector) word.and(0xFF).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 1]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 2]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 3]), even3);
                q = (FloatVector) word.and(0xFF00).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 4]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 5]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 6]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 7]), odd3);
                word = word.lanewise(VectorOperators.LSHR, 16);
                q = (FloatVector) word.and(0xFF).convert(VectorOperators.I2F, 0);
                even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 8]), even0);
                even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 9]), even1);
                even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 10]), even2);
                even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 11]), even3);
                q = (FloatVector) word.and(0xFF00).convert(VectorOperators.I2F, 0);
                odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 12]), odd0);
                odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 13]), odd1);
                odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 14]), odd2);
                odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 15]), odd3);
                at += COLUMNS * FewTokens.TOKENS;
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
                    c0 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt]), c0);
                    c1 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 1]), c1);
                    c2 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 2]), c2);
                    c3 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 3]), c3);
                    sumAt += FewTokens.TOKENS;
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
