package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Weights times one token, straight from the [RowBlocks]: what decoding spends its time in.
///
/// Per group `sum(w * x) = scale * sum(q * x) + bias * sum(x)`. A value is masked out of its word and converted
/// where it lies; the activations carry the inverse power of two ([VectorInput]). So sixteen weights cost and,
/// convert, multiply-add and the broadcast of one activation. A group's scale and bias are applied behind a
/// branch, which is cheaper than a loop within the loop, and than a pass of its own for the biases.
///
/// The kernels repeat each other on purpose: C2 gives up inlining at a number of nodes, and a vector that
/// crosses a real call is boxed, which is many times slower. A body of one word keeps everything in registers;
/// with four words C2 spilled half of it and took three times as long. Any thread.
final class MatVec {
    private MatVec() {}

    /// Whether there is a kernel for `weight`: all but quantized weights with 32-bit scales.
    static boolean applies(RowBlocks weight) {
        return switch (weight) {
            case RowBlocks.Dense _, RowBlocks.Microscaled _ -> true;
            case RowBlocks.Quantized quantized -> quantized.scaleType().byteSize() == Short.BYTES;
        };
    }

    /// `y[to + r] = dot(weight row r of the blocks, x)` for the blocks `from .. end - 1`, `to`
    /// belonging to the first row of `from`. Whole blocks are written.
    static void blocks(RowBlocks weight, int from, int end, VectorInput x, float[] y, int to) {
        switch (weight) {
            case RowBlocks.Dense dense -> DenseMatVec.blocks(dense, from, end, x.scaled(0), y, to);
            case RowBlocks.Quantized quantized -> quantized(quantized, from, end, x, y, to);
            case RowBlocks.Microscaled microscaled ->
                MicroscaledMatVec.blocks(microscaled, from, end, x.scaled(0), y, to);
        }
    }

    private static void quantized(RowBlocks.Quantized w, int from, int end, VectorInput x, float[] y, int to) {
        var format = HalfFormat.of(w.scaleType());
        Arrays.fill(y, to, to + (end - from) * Lanes.COUNT, 0);
        for (int first = from, last; first < end; first = last) {
            last = Math.min(end, w.bandEnd(first));
            var at = to + (first - from) * Lanes.COUNT;
            for (var part = 0; part < w.parts(); part++) {
                part(w, part, format, first, last, x, y, at);
            }
        }
    }

    private static void part(
            RowBlocks.Quantized w, int part, HalfFormat format, int from, int end, VectorInput x, float[] y, int to) {
        var planes = w.planes();
        for (var p = 0; p < planes.size(); p++) {
            var plane = planes.get(p);
            var isLast = p == planes.size() - 1 && part == w.parts() - 1;
            var factor = isLast ? format.outFactor : 1;
            var sums = p == 0 ? x.sums() : x.noSums();
            switch (plane.bits()) {
                case 1 -> plane1(w, part, plane, format, from, end, x.scaled(p), sums, factor, y, to);
                case 2 -> plane2(w, part, plane, format, from, end, x.scaled(p), sums, factor, y, to);
                case 4 -> plane4(w, part, plane, format, from, end, x.scaled(p), sums, factor, y, to);
                default -> plane8(w, part, plane, format, from, end, x.scaled(p), sums, factor, y, to);
            }
        }
    }

    private static void plane4(
            RowBlocks.Quantized w,
            int part,
            RowBlocks.Plane plane,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            float[] sums,
            float factor,
            float[] y,
            int to) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var count = w.cols(part) / 8;
        var firstCol = w.firstCol(part);
        var firstGroup = w.firstGroup(part);
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / 8);
        var groupMask = w.groupSize() / 8 - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup) + plane.offset();
            var total = FloatVector.fromArray(Lanes.FLOAT, y, to + (block - from) * Lanes.COUNT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var i = 0; i < count; i++) {
                var at = firstCol + i * 8;
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var in = FloatVector.broadcast(Lanes.FLOAT, x[at]);
                even = ((FloatVector) word.and(0xF).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 1]);
                odd = ((FloatVector) word.and(0xF0).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 2]);
                even = ((FloatVector) word.and(0xF00).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 3]);
                odd = ((FloatVector) word.and(0xF000).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 16);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 4]);
                even = ((FloatVector) word.and(0xF).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 5]);
                odd = ((FloatVector) word.and(0xF0).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 6]);
                even = ((FloatVector) word.and(0xF00).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 7]);
                odd = ((FloatVector) word.and(0xF000).convert(VectorOperators.I2F, 0)).fma(in, odd);
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scale = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = scale.fma(even.add(odd), total);
                    var bias = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = bias.fma(FloatVector.broadcast(Lanes.FLOAT, sums[firstGroup + (i >> groupShift)]), total);
                    fromByte += gap;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }

    private static void plane8(
            RowBlocks.Quantized w,
            int part,
            RowBlocks.Plane plane,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            float[] sums,
            float factor,
            float[] y,
            int to) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var count = w.cols(part) / 4;
        var firstCol = w.firstCol(part);
        var firstGroup = w.firstGroup(part);
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / 4);
        var groupMask = w.groupSize() / 4 - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup) + plane.offset();
            var total = FloatVector.fromArray(Lanes.FLOAT, y, to + (block - from) * Lanes.COUNT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var i = 0; i < count; i++) {
                var at = firstCol + i * 4;
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var in = FloatVector.broadcast(Lanes.FLOAT, x[at]);
                even = ((FloatVector) word.and(0xFF).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 1]);
                odd = ((FloatVector) word.and(0xFF00).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 16);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 2]);
                even = ((FloatVector) word.and(0xFF).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 3]);
                odd = ((FloatVector) word.and(0xFF00).convert(VectorOperators.I2F, 0)).fma(in, odd);
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scale = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = scale.fma(even.add(odd), total);
                    var bias = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = bias.fma(FloatVector.broadcast(Lanes.FLOAT, sums[firstGroup + (i >> groupShift)]), total);
                    fromByte += gap;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }

    private static void plane2(
            RowBlocks.Quantized w,
            int part,
            RowBlocks.Plane plane,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            float[] sums,
            float factor,
            float[] y,
            int to) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var count = w.cols(part) / 16;
        var firstCol = w.firstCol(part);
        var firstGroup = w.firstGroup(part);
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / 16);
        var groupMask = w.groupSize() / 16 - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup) + plane.offset();
            var total = FloatVector.fromArray(Lanes.FLOAT, y, to + (block - from) * Lanes.COUNT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var i = 0; i < count; i++) {
                var at = firstCol + i * 16;
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var in = FloatVector.broadcast(Lanes.FLOAT, x[at]);
                even = ((FloatVector) word.and(0x3).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 1]);
                odd = ((FloatVector) word.and(0xC).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 2]);
                even = ((FloatVector) word.and(0x30).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 3]);
                odd = ((FloatVector) word.and(0xC0).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 4]);
                even = ((FloatVector) word.and(0x300).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 5]);
                odd = ((FloatVector) word.and(0xC00).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 6]);
                even = ((FloatVector) word.and(0x3000).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 7]);
                odd = ((FloatVector) word.and(0xC000).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 16);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 8]);
                even = ((FloatVector) word.and(0x3).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 9]);
                odd = ((FloatVector) word.and(0xC).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 10]);
                even = ((FloatVector) word.and(0x30).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 11]);
                odd = ((FloatVector) word.and(0xC0).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 12]);
                even = ((FloatVector) word.and(0x300).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 13]);
                odd = ((FloatVector) word.and(0xC00).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 14]);
                even = ((FloatVector) word.and(0x3000).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 15]);
                odd = ((FloatVector) word.and(0xC000).convert(VectorOperators.I2F, 0)).fma(in, odd);
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scale = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = scale.fma(even.add(odd), total);
                    var bias = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = bias.fma(FloatVector.broadcast(Lanes.FLOAT, sums[firstGroup + (i >> groupShift)]), total);
                    fromByte += gap;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }

    private static void plane1(
            RowBlocks.Quantized w,
            int part,
            RowBlocks.Plane plane,
            HalfFormat format,
            int from,
            int end,
            float[] x,
            float[] sums,
            float factor,
            float[] y,
            int to) {
        MemorySegment data = w.data();
        var shift = format.shift;
        var mask = format.mask;
        var count = w.cols(part) / 32;
        var firstCol = w.firstCol(part);
        var firstGroup = w.firstGroup(part);
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / 32);
        var groupMask = w.groupSize() / 32 - 1;
        var toScales = w.scalesOffset() - w.wordBytes(plane) - plane.offset();
        var toBiases = toScales + Lanes.BYTES / 2;
        var gap = w.recordBytes() - w.wordBytes(plane);
        for (var block = from; block < end; block++) {
            var fromByte = w.recordAt(block, firstGroup) + plane.offset();
            var total = FloatVector.fromArray(Lanes.FLOAT, y, to + (block - from) * Lanes.COUNT);
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            for (var i = 0; i < count; i++) {
                var at = firstCol + i * 32;
                var word = IntVector.fromMemorySegment(Lanes.INT, data, fromByte, ByteOrder.LITTLE_ENDIAN);
                var in = FloatVector.broadcast(Lanes.FLOAT, x[at]);
                even = ((FloatVector) word.and(0x1).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 1]);
                odd = ((FloatVector) word.and(0x2).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 2]);
                even = ((FloatVector) word.and(0x4).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 3]);
                odd = ((FloatVector) word.and(0x8).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 4]);
                even = ((FloatVector) word.and(0x10).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 5]);
                odd = ((FloatVector) word.and(0x20).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 6]);
                even = ((FloatVector) word.and(0x40).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 7]);
                odd = ((FloatVector) word.and(0x80).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 8);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 8]);
                even = ((FloatVector) word.and(0x1).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 9]);
                odd = ((FloatVector) word.and(0x2).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 10]);
                even = ((FloatVector) word.and(0x4).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 11]);
                odd = ((FloatVector) word.and(0x8).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 12]);
                even = ((FloatVector) word.and(0x10).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 13]);
                odd = ((FloatVector) word.and(0x20).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 14]);
                even = ((FloatVector) word.and(0x40).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 15]);
                odd = ((FloatVector) word.and(0x80).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 8);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 16]);
                even = ((FloatVector) word.and(0x1).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 17]);
                odd = ((FloatVector) word.and(0x2).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 18]);
                even = ((FloatVector) word.and(0x4).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 19]);
                odd = ((FloatVector) word.and(0x8).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 20]);
                even = ((FloatVector) word.and(0x10).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 21]);
                odd = ((FloatVector) word.and(0x20).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 22]);
                even = ((FloatVector) word.and(0x40).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 23]);
                odd = ((FloatVector) word.and(0x80).convert(VectorOperators.I2F, 0)).fma(in, odd);
                word = word.lanewise(VectorOperators.LSHR, 8);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 24]);
                even = ((FloatVector) word.and(0x1).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 25]);
                odd = ((FloatVector) word.and(0x2).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 26]);
                even = ((FloatVector) word.and(0x4).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 27]);
                odd = ((FloatVector) word.and(0x8).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 28]);
                even = ((FloatVector) word.and(0x10).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 29]);
                odd = ((FloatVector) word.and(0x20).convert(VectorOperators.I2F, 0)).fma(in, odd);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 30]);
                even = ((FloatVector) word.and(0x40).convert(VectorOperators.I2F, 0)).fma(in, even);
                in = FloatVector.broadcast(Lanes.FLOAT, x[at + 31]);
                odd = ((FloatVector) word.and(0x80).convert(VectorOperators.I2F, 0)).fma(in, odd);
                fromByte += Lanes.BYTES;
                if ((i & groupMask) == groupMask) {
                    var scale = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toScales, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = scale.fma(even.add(odd), total);
                    var bias = ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, fromByte + toBiases, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretAsFloats();
                    total = bias.fma(FloatVector.broadcast(Lanes.FLOAT, sums[firstGroup + (i >> groupShift)]), total);
                    fromByte += gap;
                    even = FloatVector.zero(Lanes.FLOAT);
                    odd = FloatVector.zero(Lanes.FLOAT);
                }
            }
            total.mul(factor).intoArray(y, to + (block - from) * Lanes.COUNT);
        }
    }
}
