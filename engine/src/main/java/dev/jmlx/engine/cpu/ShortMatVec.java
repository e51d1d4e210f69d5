package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// 4-bit weights times one token in 16-bit integers, straight from the [RowBlocks]: the sums of [ShortFewTokens],
/// which has the reasons, for a token that is alone in its step.
///
/// A word of eight columns takes 14 vector instructions where [MatVec] takes 25. Processors whose vector units are
/// half as wide as their vectors, as Zen 4 for 512 bits, are bound by that and not by memory; others lose nothing.
/// A token is rounded alike alone and beside others. Any thread.
final class ShortMatVec {
    private ShortMatVec() {}

    /// As [MatVec#blocks], for weights that [ShortFewTokens#applies] to.
    static void blocks(RowBlocks.Quantized w, int from, int end, ShortFewInput x, float[] y, int to) {
        Arrays.fill(y, to, to + (end - from) * Lanes.COUNT, 0);
        var format = HalfFormat.of(w.scaleType());
        for (int first = from, last; first < end; first = last) {
            last = Math.min(end, w.bandEnd(first));
            for (var part = 0; part < w.parts(); part++) {
                var xStart = x.recordsAt(0, w.firstCol(part));
                part(w, part, format, first, last, x.records(), xStart, y, to + (first - from) * Lanes.COUNT);
            }
        }
    }

    private static void part(
            RowBlocks.Quantized w,
            int part,
            HalfFormat format,
            int from,
            int end,
            int[] x,
            int xStart,
            float[] y,
            int to) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var factor = format.outFactor;
        var firstGroup = w.firstGroup(part);
        var sumBytes = ShortFewInput.columns(w.groupSize()) / ShortFewTokens.COLUMNS * Lanes.BYTES;
        var wordBytes = w.wordBytes(w.planes().getFirst());
        var gap = w.recordBytes() - wordBytes;
        var count = w.cols(part) / ShortFewTokens.COLUMNS;
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup);
            var scalesByte = fromByte + wordBytes;
            var sumEnd = fromByte + sumBytes;
            var at = xStart;
            var total = FloatVector.zero(Lanes.FLOAT);
            var s = (ShortVector) IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.SHORT, 0);
            at++;
            for (var i = 0; i < count; i++) {
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var q = (ShortVector) word.and(ShortFewTokens.NIBBLES).reinterpretShape(Lanes.SHORT, 0);
                s = s.add(q.mul(IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.SHORT, 0)));
                q = (ShortVector) word.lanewise(VectorOperators.LSHR, 4)
                        .and(ShortFewTokens.NIBBLES)
                        .reinterpretShape(Lanes.SHORT, 0);
                s = s.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretShape(Lanes.SHORT, 0)));
                q = (ShortVector) word.lanewise(VectorOperators.LSHR, 8)
                        .and(ShortFewTokens.NIBBLES)
                        .reinterpretShape(Lanes.SHORT, 0);
                s = s.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretShape(Lanes.SHORT, 0)));
                q = ((ShortVector) word.reinterpretShape(Lanes.SHORT, 0)).lanewise(VectorOperators.LSHR, 12);
                s = s.add(q.mul(IntVector.broadcast(Lanes.INT, x[at + 3]).reinterpretShape(Lanes.SHORT, 0)));
                at += ShortFewTokens.PAIRS;
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
                    var pair = (IntVector) s.reinterpretShape(Lanes.INT, 0);
                    var sum = (FloatVector) pair.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 16)
                            .add(pair.lanewise(VectorOperators.ASHR, 16))
                            .convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                    total = bias.fma(IntVector.broadcast(Lanes.INT, x[at + 1]).reinterpretShape(Lanes.FLOAT, 0), total);
                    total = scale.mul(IntVector.broadcast(Lanes.INT, x[at]).reinterpretShape(Lanes.FLOAT, 0))
                            .fma(sum, total);
                    s = (ShortVector) IntVector.broadcast(Lanes.INT, x[at + 2]).reinterpretShape(Lanes.SHORT, 0);
                    at += 3;
                    if (fromByte == scalesByte) {
                        fromByte += gap;
                        scalesByte = fromByte + wordBytes;
                    }
                    sumEnd = fromByte + sumBytes;
                }
            }
            var row = to + (block - from) * Lanes.COUNT;
            total.fma(FloatVector.broadcast(Lanes.FLOAT, factor), FloatVector.fromArray(Lanes.FLOAT, y, row))
                    .intoArray(y, row);
        }
    }
}
