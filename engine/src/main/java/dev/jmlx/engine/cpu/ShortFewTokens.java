package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// 4-bit weights times four tokens in 16-bit integers, straight from the [RowBlocks]: [FewTokens] in half of
/// the instructions.
///
/// A word holds eight columns of a row. As two shorts it gives up columns `k` and `k + 4` with a shift, a
/// mask or both, and both meet their activations, a pair in an int ([ShortFewInput]), in one product. So one
/// register of sums has for each row those of the columns 0 to 3 of all words and those of the columns 4 to 7.
///
/// What is wanted are sums of centred weights, `(q - 8) * x`, which fit 16 bits; they start at `-8 * sum(x)`,
/// so that the codes `q` can be taken as they are. On the way the sums may overflow, at the end they do not.
/// The biases are for centred weights too: `bias + 8 * scale`.
///
/// Nothing in Java asks for memory ahead of its use, and while the oldest load waits, the processor can only
/// start what fits its window; so fewer instructions between two loads also mean more loads under way.
/// Activations, starts and scales are one array, whose checks C2 joins. Measured from memory on two cores of a
/// server x86 with AVX-512: 28 GB/s of weights against 15 of [FewTokens], and 40 to 45 for one token. Any
/// thread.
final class ShortFewTokens {
    /// Tokens of one pass.
    static final int TOKENS = FewTokens.TOKENS;

    /// Columns in a word.
    static final int COLUMNS = 8;

    /// Pairs of columns in a word.
    static final int PAIRS = COLUMNS / 2;

    /// The lowest four bits of two shorts.
    static final int NIBBLES = 0x000F_000F;

    private ShortFewTokens() {}

    /// Whether there is a kernel for `weight`.
    static boolean applies(RowBlocks weight) {
        return weight instanceof RowBlocks.Quantized quantized
                && quantized.bits() == 4
                && quantized.scaleType().byteSize() == Short.BYTES;
    }

    /// As [FewTokens#blocks].
    static void blocks(
            RowBlocks.Quantized w,
            int part,
            int from,
            int end,
            ShortFewInput x,
            int tile,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        var xStart = x.recordsAt(tile, w.firstCol(part));
        blocks(w, part, HalfFormat.of(w.scaleType()), from, end, x.records(), xStart, sums, sumsStart, tokenStride);
    }

    /// In one method: a vector that crosses a call which C2 does not inline is boxed, and here it does not even
    /// inline four lines. `reinterpretShape` instead of `reinterpretAsShorts` and the like, for the reason that
    /// [Lanes] gives.
    private static void blocks(
            RowBlocks.Quantized w,
            int part,
            HalfFormat format,
            int from,
            int end,
            int[] x,
            int xStart,
            float[] sums,
            int sumsStart,
            int tokenStride) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var factors = FloatVector.broadcast(Lanes.FLOAT, format.outFactor);
        var firstGroup = w.firstGroup(part);
        var sumBytes = ShortFewInput.columns(w.groupSize()) / COLUMNS * Lanes.BYTES;
        var wordBytes = w.wordBytes(w.planes().getFirst());
        var gap = w.recordBytes() - wordBytes;
        var count = w.cols(part) / COLUMNS;
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup);
            var scalesByte = fromByte + wordBytes;
            var sumEnd = fromByte + sumBytes;
            var to = sumsStart + (block - from) * Lanes.COUNT;
            var at = xStart;
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            var s0 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.SHORT, 0);
            var s1 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretShape(Lanes.SHORT, 0);
            var s2 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretShape(Lanes.SHORT, 0);
            var s3 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 3]).reinterpretShape(Lanes.SHORT, 0);
            at += TOKENS;
            for (var i = 0; i < count; i++) {
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var q = (ShortVector) word.and(NIBBLES).reinterpretShape(Lanes.SHORT, 0);
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.SHORT, 0)));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 4]).reinterpretShape(Lanes.SHORT, 0)));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 8]).reinterpretShape(Lanes.SHORT, 0)));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 12]).reinterpretShape(Lanes.SHORT, 0)));
                q = (ShortVector)
                        word.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).reinterpretShape(Lanes.SHORT, 0);
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretShape(Lanes.SHORT, 0)));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 5]).reinterpretShape(Lanes.SHORT, 0)));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 9]).reinterpretShape(Lanes.SHORT, 0)));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 13]).reinterpretShape(Lanes.SHORT, 0)));
                q = (ShortVector)
                        word.lanewise(VectorOperators.LSHR, 8).and(NIBBLES).reinterpretShape(Lanes.SHORT, 0);
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretShape(Lanes.SHORT, 0)));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 6]).reinterpretShape(Lanes.SHORT, 0)));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 10]).reinterpretShape(Lanes.SHORT, 0)));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 14]).reinterpretShape(Lanes.SHORT, 0)));
                q = ((ShortVector) word.reinterpretShape(Lanes.SHORT, 0)).lanewise(VectorOperators.LSHR, 12);
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 3]).reinterpretShape(Lanes.SHORT, 0)));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 7]).reinterpretShape(Lanes.SHORT, 0)));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 11]).reinterpretShape(Lanes.SHORT, 0)));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 15]).reinterpretShape(Lanes.SHORT, 0)));
                at += TOKENS * PAIRS;
                fromByte += Lanes.BYTES;
                if (fromByte == sumEnd) {
                    var scale = (FloatVector) ((IntVector)
                                    ShortVector.fromMemorySegment(Lanes.HALF, data, scalesByte, ByteOrder.LITTLE_ENDIAN)
                                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretShape(Lanes.FLOAT, 0);
                    var bias = ((FloatVector) ((IntVector) ShortVector.fromMemorySegment(
                                                    Lanes.HALF,
                                                    data,
                                                    scalesByte + Lanes.BYTES / 2,
                                                    ByteOrder.LITTLE_ENDIAN)
                                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                                    .lanewise(VectorOperators.LSHL, shift)
                                    .and(mask)
                                    .reinterpretShape(Lanes.FLOAT, 0))
                            .add(scale.mul(8));
                    var pair = (IntVector) s0.reinterpretShape(Lanes.INT, 0);
                    var sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                    c0 = bias.fma(IntVector.broadcast(Lanes.INT, x[at + 4]).reinterpretShape(Lanes.FLOAT, 0), c0);
                    c0 = scale.mul(IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.FLOAT, 0))
                            .fma(sum, c0);
                    pair = (IntVector) s1.reinterpretShape(Lanes.INT, 0);
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                    c1 = bias.fma(IntVector.broadcast(Lanes.INT, x[at + 5]).reinterpretShape(Lanes.FLOAT, 0), c1);
                    c1 = scale.mul(IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretShape(Lanes.FLOAT, 0))
                            .fma(sum, c1);
                    pair = (IntVector) s2.reinterpretShape(Lanes.INT, 0);
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                    c2 = bias.fma(IntVector.broadcast(Lanes.INT, x[at + 6]).reinterpretShape(Lanes.FLOAT, 0), c2);
                    c2 = scale.mul(IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretShape(Lanes.FLOAT, 0))
                            .fma(sum, c2);
                    pair = (IntVector) s3.reinterpretShape(Lanes.INT, 0);
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                    c3 = bias.fma(IntVector.broadcast(Lanes.INT, x[at + 7]).reinterpretShape(Lanes.FLOAT, 0), c3);
                    c3 = scale.mul(IntVector.broadcast(Lanes.INT, x[at + 3]).reinterpretShape(Lanes.FLOAT, 0))
                            .fma(sum, c3);
                    s0 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 8]).reinterpretShape(Lanes.SHORT, 0);
                    s1 = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 9]).reinterpretShape(Lanes.SHORT, 0);
                    s2 = (ShortVector)
                            IntVector.broadcast(Lanes.INT, x[at + 10]).reinterpretShape(Lanes.SHORT, 0);
                    s3 = (ShortVector)
                            IntVector.broadcast(Lanes.INT, x[at + 11]).reinterpretShape(Lanes.SHORT, 0);
                    at += 3 * TOKENS;
                    if (fromByte == scalesByte) {
                        fromByte += gap;
                        scalesByte = fromByte + wordBytes;
                    }
                    sumEnd = fromByte + sumBytes;
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
