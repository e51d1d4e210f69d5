package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// 4-bit weights times four tokens in 16-bit integers, straight from the [RowBlocks]: [FewTokens] in half of the
/// instructions.
///
/// A word holds eight columns of a row. As two shorts it gives up columns `k` and `k + 4` with one shift and one
/// mask, and both meet their activations, a pair in an int ([ShortFewInput]), in one product. So one register of
/// sums has for each row those of the columns 0 to 3 of all words and those of the columns 4 to 7.
///
/// What is wanted are sums of centred weights, `(q - 8) * x`, which fit 16 bits; `-8 * sum(x)`
/// is added at the end, so that the codes `q` can be taken as they are. On the way the sums may overflow, at
/// the end they do not. The biases are for centred weights too: `bias + 8 * scale`.
///
/// Nothing in Java asks for memory ahead of its use, and while the oldest load waits, the processor can only start
/// what fits its window; so fewer instructions between two loads also mean more loads under way. Measured from memory
/// on one core of a server x86 with AVX-512: 14 GB/s of weights against 8 of [FewTokens], and 23 for one token. Any
/// thread.
final class ShortFewTokens {
    /// Tokens of one pass.
    static final int TOKENS = FewTokens.TOKENS;

    /// Pairs of columns in a word.
    static final int PAIRS = 4;

    private static final VectorSpecies<Short> SHORT = VectorSpecies.of(short.class, Lanes.FLOAT.vectorShape());

    /// The lowest four bits of two shorts.
    private static final int NIBBLES = 0x000F_000F;

    private ShortFewTokens() {}

    /// Whether there is a kernel for `weight`.
    static boolean applies(RowBlocks weight) {
        return weight instanceof RowBlocks.Quantized quantized
                && quantized.bits() == 4
                && quantized.scaleType().byteSize() == Short.BYTES;
    }

    /// `sums[block, token, lane] = dot(weight row, token)` for the blocks `from .. end - 1` and the tokens of tile
    /// `tile` of `x`.
    static void blocks(RowBlocks.Quantized w, int from, int end, ShortFewInput x, int tile, float[] sums) {
        blocks(
                w,
                HalfFormat.of(w.scaleType()),
                from,
                end,
                x.pairs(),
                x.pairsAt(tile),
                x.starts(),
                x.scales(),
                x.scalesAt(tile),
                x.sums(),
                x.sumsAt(tile),
                sums);
    }

    /// In one method: a vector that crosses a call which C2 does not inline is boxed.
    private static void blocks(
            RowBlocks.Quantized w,
            HalfFormat format,
            int from,
            int end,
            int[] x,
            int xStart,
            int[] starts,
            float[] xScales,
            int xScalesStart,
            float[] xSums,
            int xSumsStart,
            float[] sums) {
        MemorySegment data = w.data();
        var plane = w.planes().getFirst();
        var shift = format.shift;
        var mask = format.mask;
        var factor = format.outFactor;
        var count = w.cols() / 8;
        var groupMask = w.groupSize() / 8 - 1;
        var sumMask = ShortFewInput.columns(w.groupSize()) / 8 - 1;
        var wordBytes = w.wordBytes(plane);
        var gap = w.recordBytes() - wordBytes;
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, 0);
            var scalesByte = fromByte + wordBytes;
            var to = (block - from) * TOKENS * Lanes.COUNT;
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            var scaleAt = xScalesStart;
            var sumAt = xSumsStart;
            var s0 = ShortVector.zero(SHORT);
            var s1 = ShortVector.zero(SHORT);
            var s2 = ShortVector.zero(SHORT);
            var s3 = ShortVector.zero(SHORT);
            for (var i = 0; i < count; i++) {
                var at = xStart + i * (TOKENS * PAIRS);
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var q = word.and(NIBBLES).reinterpretAsShorts();
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at]).reinterpretAsShorts()));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 4]).reinterpretAsShorts()));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 8]).reinterpretAsShorts()));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 12]).reinterpretAsShorts()));
                q = word.lanewise(VectorOperators.LSHR, 4).and(NIBBLES).reinterpretAsShorts();
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretAsShorts()));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 5]).reinterpretAsShorts()));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 9]).reinterpretAsShorts()));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 13]).reinterpretAsShorts()));
                q = word.lanewise(VectorOperators.LSHR, 8).and(NIBBLES).reinterpretAsShorts();
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretAsShorts()));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 6]).reinterpretAsShorts()));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 10]).reinterpretAsShorts()));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 14]).reinterpretAsShorts()));
                q = word.lanewise(VectorOperators.LSHR, 12).and(NIBBLES).reinterpretAsShorts();
                s0 = s0.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 3]).reinterpretAsShorts()));
                s1 = s1.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 7]).reinterpretAsShorts()));
                s2 = s2.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 11]).reinterpretAsShorts()));
                s3 = s3.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 15]).reinterpretAsShorts()));
                fromByte += Lanes.BYTES;
                if ((i & sumMask) == sumMask) {
                    var scale = ((IntVector)
                                    ShortVector.fromMemorySegment(Lanes.HALF, data, scalesByte, ByteOrder.LITTLE_ENDIAN)
                                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    var pair = s0.add(IntVector.broadcast(Lanes.INT, starts[scaleAt])
                                    .reinterpretAsShorts())
                            .reinterpretAsInts();
                    var sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convert(VectorOperators.I2F, 0);
                    c0 = scale.mul(FloatVector.broadcast(Lanes.FLOAT, xScales[scaleAt]))
                            .fma(sum, c0);
                    pair = s1.add(IntVector.broadcast(Lanes.INT, starts[scaleAt + 1])
                                    .reinterpretAsShorts())
                            .reinterpretAsInts();
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convert(VectorOperators.I2F, 0);
                    c1 = scale.mul(FloatVector.broadcast(Lanes.FLOAT, xScales[scaleAt + 1]))
                            .fma(sum, c1);
                    pair = s2.add(IntVector.broadcast(Lanes.INT, starts[scaleAt + 2])
                                    .reinterpretAsShorts())
                            .reinterpretAsInts();
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convert(VectorOperators.I2F, 0);
                    c2 = scale.mul(FloatVector.broadcast(Lanes.FLOAT, xScales[scaleAt + 2]))
                            .fma(sum, c2);
                    pair = s3.add(IntVector.broadcast(Lanes.INT, starts[scaleAt + 3])
                                    .reinterpretAsShorts())
                            .reinterpretAsInts();
                    sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convert(VectorOperators.I2F, 0);
                    c3 = scale.mul(FloatVector.broadcast(Lanes.FLOAT, xScales[scaleAt + 3]))
                            .fma(sum, c3);
                    scaleAt += TOKENS;
                    s0 = ShortVector.zero(SHORT);
                    s1 = ShortVector.zero(SHORT);
                    s2 = ShortVector.zero(SHORT);
                    s3 = ShortVector.zero(SHORT);
                    if ((i & groupMask) == groupMask) {
                        var bias = ((IntVector) ShortVector.fromMemorySegment(
                                                Lanes.HALF, data, scalesByte + Lanes.BYTES / 2, ByteOrder.LITTLE_ENDIAN)
                                        .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                                .lanewise(VectorOperators.LSHL, shift)
                                .and(mask)
                                .reinterpretAsFloats()
                                .add(scale.mul(8));
                        c0 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt]), c0);
                        c1 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 1]), c1);
                        c2 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 2]), c2);
                        c3 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 3]), c3);
                        sumAt += TOKENS;
                        fromByte += gap;
                        scalesByte = fromByte + wordBytes;
                    }
                }
            }
            c0.mul(factor).intoArray(sums, to);
            c1.mul(factor).intoArray(sums, to + Lanes.COUNT);
            c2.mul(factor).intoArray(sums, to + 2 * Lanes.COUNT);
            c3.mul(factor).intoArray(sums, to + 3 * Lanes.COUNT);
        }
    }
}
