package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Weights of 2, 3, 5 and 6 bits times four tokens, straight from the [RowBlocks]: [FewTokens] for all widths
/// with one kernel.
///
/// A word's values are shifted down two at a time in a loop, one more instruction than masking them where they
/// lie, for eight multiply-adds; so one loop serves every plane. Planes of a group meet the scale one after the
/// other, the higher one times its place. Any thread.
final class FewPlanes {
    private FewPlanes() {}

    /// As [FewTokens#blocks]; the part's activations begin at
    /// `x[xStart]`, their sums at `xSums[xSumsStart]`.
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
        var planes = w.planes();
        var low = planes.getFirst();
        var high = planes.getLast();
        blocks(
                w,
                part,
                HalfFormat.of(w.scaleType()),
                planes.size(),
                low.bits(),
                high.bits(),
                1 << high.shift(),
                from,
                end,
                x,
                xStart,
                xSums,
                xSumsStart,
                sums,
                sumsStart,
                tokenStride);
    }

    /// `highPlace`: what the values of the second plane count for.
    private static void blocks(
            RowBlocks.Quantized w,
            int part,
            HalfFormat format,
            int planes,
            int lowBits,
            int highBits,
            int highPlace,
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
        var shift = format.shift;
        var mask = format.mask;
        var groups = w.cols(part) / w.groupSize();
        var firstGroup = w.firstGroup(part);
        var factors = FloatVector.broadcast(Lanes.FLOAT, format.outFactor);
        var groupSize = w.groupSize();
        var toBiases = w.scalesOffset() + Lanes.BYTES / 2;
        for (var block = from; block < end; block++) {
            var c0 = FloatVector.zero(Lanes.FLOAT);
            var c1 = FloatVector.zero(Lanes.FLOAT);
            var c2 = FloatVector.zero(Lanes.FLOAT);
            var c3 = FloatVector.zero(Lanes.FLOAT);
            for (var group = 0; group < groups; group++) {
                var record = w.recordAt(block, firstGroup + group);
                var fromByte = record;
                var scale = (FloatVector) ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF, data, record + w.scalesOffset(), ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretShape(Lanes.FLOAT, 0);
                for (var plane = 0; plane < planes; plane++) {
                    var bits = plane == 0 ? lowBits : highBits;
                    var ones = (1 << bits) - 1;
                    var place = plane == 0 ? 1 : highPlace;
                    var even0 = FloatVector.zero(Lanes.FLOAT);
                    var even1 = FloatVector.zero(Lanes.FLOAT);
                    var even2 = FloatVector.zero(Lanes.FLOAT);
                    var even3 = FloatVector.zero(Lanes.FLOAT);
                    var odd0 = FloatVector.zero(Lanes.FLOAT);
                    var odd1 = FloatVector.zero(Lanes.FLOAT);
                    var odd2 = FloatVector.zero(Lanes.FLOAT);
                    var odd3 = FloatVector.zero(Lanes.FLOAT);
                    var at = xStart + group * groupSize * FewTokens.TOKENS;
                    for (var word = 0; word < groupSize * bits; word += Integer.SIZE) {
                        var values = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                        fromByte += Lanes.BYTES;
                        for (var bit = 0; bit < Integer.SIZE; bit += 2 * bits) {
                            var q = (FloatVector) values.and(ones).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                            even0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at]), even0);
                            even1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 1]), even1);
                            even2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 2]), even2);
                            even3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 3]), even3);
                            values = values.lanewise(VectorOperators.LSHR, bits);
                            q = (FloatVector) values.and(ones).convertShape(VectorOperators.I2F, Lanes.FLOAT, 0);
                            odd0 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 4]), odd0);
                            odd1 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 5]), odd1);
                            odd2 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 6]), odd2);
                            odd3 = q.fma(FloatVector.broadcast(Lanes.FLOAT, x[at + 7]), odd3);
                            values = values.lanewise(VectorOperators.LSHR, bits);
                            at += 2 * FewTokens.TOKENS;
                        }
                    }
                    var placed = scale.mul(place);
                    c0 = placed.fma(even0.add(odd0), c0);
                    c1 = placed.fma(even1.add(odd1), c1);
                    c2 = placed.fma(even2.add(odd2), c2);
                    c3 = placed.fma(even3.add(odd3), c3);
                }
                var bias = (FloatVector) ((IntVector) ShortVector.fromMemorySegment(
                                        Lanes.HALF, data, record + toBiases, ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, shift)
                        .and(mask)
                        .reinterpretShape(Lanes.FLOAT, 0);
                var sumAt = xSumsStart + group * FewTokens.TOKENS;
                c0 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt]), c0);
                c1 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 1]), c1);
                c2 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 2]), c2);
                c3 = bias.fma(FloatVector.broadcast(Lanes.FLOAT, xSums[sumAt + 3]), c3);
            }
            var to = sumsStart + (block - from) * Lanes.COUNT;
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
