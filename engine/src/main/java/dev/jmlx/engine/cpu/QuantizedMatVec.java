package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Packed weights times one token, without unpacking to memory: what decoding spends its time in.
///
/// Per group `sum(w * x) = scale * sum(q * x) + bias * sum(x)`. A weight is masked out of its lane and converted where
/// it lies, which yields it times a power of two; the activations carry the inverse ([PackedLayout#factor]), so a
/// vector of weights costs and, convert, multiply-add. The sum of a vector is scaled by the lanes' groups.
///
/// The kernels repeat each other on purpose: C2 gives up inlining at a number of nodes, and a vector that crosses a
/// real call is boxed, which is many times slower. So each kernel is one method, too long to be inlined into its
/// caller and short enough to be compiled. Any thread, with its own [RowBlock].
final class QuantizedMatVec {
    private QuantizedMatVec() {}

    /// `y[to + r] = dot(weight row from + r, input)` for rows `from .. end - 1`; the input is in the form VECTOR.
    static void rows(Matrix.Quantized weight, int from, int end, LinearInput input, RowBlock block, float[] y, int to) {
        block.load(weight, from, end);
        var layout = PackedLayout.of(weight);
        var cols = weight.cols();
        switch (layout.bits()) {
            case 4 -> rows4(block, input, layout, cols, y, to);
            case 8 -> rows8(block, input, layout, cols, y, to);
            default -> rowsSpread(block, input, layout, cols, y, to);
        }
    }

    /// Eight weights a lane; two rows at a time, which halves the loads of activations.
    private static void rows4(RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var in = input.data();
        var sums = input.laneSums();
        var scales = block.scales;
        var biases = block.biases;
        var expand = layout.expand();
        var groupShift = layout.groupShift();
        var vectors = layout.vectors(cols);
        for (var row = 0; row < block.rows; row += 2) {
            var next = Math.min(row + 1, block.rows - 1);
            var addressA = block.start + (long) row * block.rowBytes;
            var addressB = block.start + (long) next * block.rowBytes;
            var rowGroups = row * block.groups;
            var nextGroups = next * block.groups;
            var aTotal = FloatVector.zero(Lanes.FLOAT);
            var bTotal = FloatVector.zero(Lanes.FLOAT);
            for (var vector = 0; vector < vectors; vector++) {
                var at = vector * 8 * Lanes.COUNT;
                var a = IntVector.fromMemorySegment(
                        Lanes.INT, packed, addressA + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                var b = IntVector.fromMemorySegment(
                        Lanes.INT, packed, addressB + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                var x = FloatVector.fromArray(Lanes.FLOAT, in, at);
                var aEven = ((FloatVector) a.and(0xF).convert(VectorOperators.I2F, 0)).mul(x);
                var bEven = ((FloatVector) b.and(0xF).convert(VectorOperators.I2F, 0)).mul(x);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 1 * Lanes.COUNT);
                var aOdd = ((FloatVector) a.and(0xF0).convert(VectorOperators.I2F, 0)).mul(x);
                var bOdd = ((FloatVector) b.and(0xF0).convert(VectorOperators.I2F, 0)).mul(x);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 2 * Lanes.COUNT);
                aEven = ((FloatVector) a.and(0xF00).convert(VectorOperators.I2F, 0)).fma(x, aEven);
                bEven = ((FloatVector) b.and(0xF00).convert(VectorOperators.I2F, 0)).fma(x, bEven);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 3 * Lanes.COUNT);
                aOdd = ((FloatVector) a.and(0xF000).convert(VectorOperators.I2F, 0)).fma(x, aOdd);
                bOdd = ((FloatVector) b.and(0xF000).convert(VectorOperators.I2F, 0)).fma(x, bOdd);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 4 * Lanes.COUNT);
                aEven = ((FloatVector) a.and(0xF0000).convert(VectorOperators.I2F, 0)).fma(x, aEven);
                bEven = ((FloatVector) b.and(0xF0000).convert(VectorOperators.I2F, 0)).fma(x, bEven);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 5 * Lanes.COUNT);
                aOdd = ((FloatVector) a.and(0xF00000).convert(VectorOperators.I2F, 0)).fma(x, aOdd);
                bOdd = ((FloatVector) b.and(0xF00000).convert(VectorOperators.I2F, 0)).fma(x, bOdd);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 6 * Lanes.COUNT);
                aEven = ((FloatVector) a.and(0xF000000).convert(VectorOperators.I2F, 0)).fma(x, aEven);
                bEven = ((FloatVector) b.and(0xF000000).convert(VectorOperators.I2F, 0)).fma(x, bEven);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 7 * Lanes.COUNT);
                aOdd = ((FloatVector) a.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
                        .fma(x, aOdd);
                bOdd = ((FloatVector) b.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
                        .fma(x, bOdd);
                var group = (vector * Lanes.COUNT) >> groupShift;
                x = FloatVector.fromArray(Lanes.FLOAT, sums, vector * Lanes.COUNT);
                aTotal = FloatVector.fromArray(Lanes.FLOAT, scales, rowGroups + group)
                        .rearrange(expand)
                        .fma(aEven.add(aOdd), aTotal);
                aTotal = FloatVector.fromArray(Lanes.FLOAT, biases, rowGroups + group)
                        .rearrange(expand)
                        .fma(x, aTotal);
                bTotal = FloatVector.fromArray(Lanes.FLOAT, scales, nextGroups + group)
                        .rearrange(expand)
                        .fma(bEven.add(bOdd), bTotal);
                bTotal = FloatVector.fromArray(Lanes.FLOAT, biases, nextGroups + group)
                        .rearrange(expand)
                        .fma(x, bTotal);
            }
            y[to + row] = aTotal.reduceLanes(VectorOperators.ADD);
            y[to + next] = bTotal.reduceLanes(VectorOperators.ADD);
        }
    }

    /// Four weights a lane, two rows at a time.
    private static void rows8(RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var in = input.data();
        var sums = input.laneSums();
        var scales = block.scales;
        var biases = block.biases;
        var expand = layout.expand();
        var groupShift = layout.groupShift();
        var vectors = layout.vectors(cols);
        for (var row = 0; row < block.rows; row += 2) {
            var next = Math.min(row + 1, block.rows - 1);
            var addressA = block.start + (long) row * block.rowBytes;
            var addressB = block.start + (long) next * block.rowBytes;
            var rowGroups = row * block.groups;
            var nextGroups = next * block.groups;
            var aTotal = FloatVector.zero(Lanes.FLOAT);
            var bTotal = FloatVector.zero(Lanes.FLOAT);
            for (var vector = 0; vector < vectors; vector++) {
                var at = vector * 4 * Lanes.COUNT;
                var a = IntVector.fromMemorySegment(
                        Lanes.INT, packed, addressA + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                var b = IntVector.fromMemorySegment(
                        Lanes.INT, packed, addressB + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                var x = FloatVector.fromArray(Lanes.FLOAT, in, at);
                var aEven = ((FloatVector) a.and(0xFF).convert(VectorOperators.I2F, 0)).mul(x);
                var bEven = ((FloatVector) b.and(0xFF).convert(VectorOperators.I2F, 0)).mul(x);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 1 * Lanes.COUNT);
                var aOdd = ((FloatVector) a.and(0xFF00).convert(VectorOperators.I2F, 0)).mul(x);
                var bOdd = ((FloatVector) b.and(0xFF00).convert(VectorOperators.I2F, 0)).mul(x);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 2 * Lanes.COUNT);
                aEven = ((FloatVector) a.and(0xFF0000).convert(VectorOperators.I2F, 0)).fma(x, aEven);
                bEven = ((FloatVector) b.and(0xFF0000).convert(VectorOperators.I2F, 0)).fma(x, bEven);
                x = FloatVector.fromArray(Lanes.FLOAT, in, at + 3 * Lanes.COUNT);
                aOdd = ((FloatVector) a.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                        .fma(x, aOdd);
                bOdd = ((FloatVector) b.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                        .fma(x, bOdd);
                var group = (vector * Lanes.COUNT) >> groupShift;
                x = FloatVector.fromArray(Lanes.FLOAT, sums, vector * Lanes.COUNT);
                aTotal = FloatVector.fromArray(Lanes.FLOAT, scales, rowGroups + group)
                        .rearrange(expand)
                        .fma(aEven.add(aOdd), aTotal);
                aTotal = FloatVector.fromArray(Lanes.FLOAT, biases, rowGroups + group)
                        .rearrange(expand)
                        .fma(x, aTotal);
                bTotal = FloatVector.fromArray(Lanes.FLOAT, scales, nextGroups + group)
                        .rearrange(expand)
                        .fma(bEven.add(bOdd), bTotal);
                bTotal = FloatVector.fromArray(Lanes.FLOAT, biases, nextGroups + group)
                        .rearrange(expand)
                        .fma(x, bTotal);
            }
            y[to + row] = aTotal.reduceLanes(VectorOperators.ADD);
            y[to + next] = bTotal.reduceLanes(VectorOperators.ADD);
        }
    }

    /// 2, 3, 5 and 6 bits: values are masked in a loop, bytes spread to the lanes first.
    private static void rowsSpread(
            RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var in = input.data();
        var sums = input.laneSums();
        var scales = block.scales;
        var biases = block.biases;
        var masks = layout.masks();
        var values = layout.values();
        var expand = layout.expand();
        var groupShift = layout.groupShift();
        var vectors = layout.vectors(cols);
        for (var row = 0; row < block.rows; row++) {
            var address = block.start + (long) row * block.rowBytes;
            var total = FloatVector.zero(Lanes.FLOAT);
            for (var vector = 0; vector < vectors; vector++, address += layout.vectorBytes()) {
                var word = ByteVector.fromMemorySegment(Lanes.BYTE, packed, address, ByteOrder.LITTLE_ENDIAN)
                        .rearrange(layout.spread())
                        .reinterpretAsInts();
                var at = vector * values * Lanes.COUNT;
                var even = FloatVector.zero(Lanes.FLOAT);
                var odd = FloatVector.zero(Lanes.FLOAT);
                for (var j = 0; j < values; j += 2, at += 2 * Lanes.COUNT) {
                    var mask = IntVector.fromArray(Lanes.INT, masks, j * Lanes.COUNT);
                    even = ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, in, at), even);
                    mask = IntVector.fromArray(Lanes.INT, masks, (j + 1) * Lanes.COUNT);
                    odd = ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, in, at + Lanes.COUNT), odd);
                }
                var group = (vector * Lanes.COUNT) >> groupShift;
                total = FloatVector.fromArray(Lanes.FLOAT, scales, row * block.groups + group)
                        .rearrange(expand)
                        .fma(even.add(odd), total);
                total = FloatVector.fromArray(Lanes.FLOAT, biases, row * block.groups + group)
                        .rearrange(expand)
                        .fma(FloatVector.fromArray(Lanes.FLOAT, sums, vector * Lanes.COUNT), total);
            }
            y[to + row] = total.reduceLanes(VectorOperators.ADD);
        }
    }
}
