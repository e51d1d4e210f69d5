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
/// real call is boxed, which is a hundred times slower. So each kernel is one method, too long to be inlined into its
/// caller and short enough to be compiled. Any thread, with its own [RowBlock].
final class QuantizedMatVec {
    private QuantizedMatVec() {}

    /// `y[to + r] = dot(weight row from + r, input)` for rows `from .. end - 1`; the input is in the form VECTOR.
    static void rows(Matrix.Quantized weight, int from, int end, LinearInput input, RowBlock block, float[] y, int to) {
        block.load(weight, from, end);
        var layout = PackedLayout.of(weight);
        var cols = weight.cols();
        switch (layout.bits()) {
            case 2 -> rows2(block, input, layout, cols, y, to);
            case 4 -> rows4(block, input, layout, cols, y, to);
            case 8 -> rows8(block, input, layout, cols, y, to);
            default -> rowsSpread(block, input, layout, cols, y, to);
        }
    }

    /// Eight weights a lane.
    private static void rows4(RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var x = input.data();
        var sums = input.groupSums();
        var expand = layout.expand();
        var vectors = layout.vectors(cols);
        var groups = block.groups;
        for (var row = 0; row < block.rows; row++) {
            var address = block.start + (long) row * block.rowBytes;
            var total = FloatVector.zero(Lanes.FLOAT);
            var vector = 0;
            for (var group = 0; group < groups; group += Lanes.COUNT) {
                var scales = FloatVector.fromArray(Lanes.FLOAT, block.scales, row * groups + group);
                var biases = FloatVector.fromArray(Lanes.FLOAT, block.biases, row * groups + group);
                total = FloatVector.fromArray(Lanes.FLOAT, sums, group).fma(biases, total);
                var end = Math.min(vectors, vector + expand.length);
                for (var k = 0; vector < end; k++, vector++) {
                    var word = IntVector.fromMemorySegment(
                            Lanes.INT, packed, address + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                    var at = vector * 8 * Lanes.COUNT;
                    var even = ((FloatVector) word.and(0xf).convert(VectorOperators.I2F, 0))
                            .mul(FloatVector.fromArray(Lanes.FLOAT, x, at));
                    var odd = ((FloatVector) word.and(0xf0).convert(VectorOperators.I2F, 0))
                            .mul(FloatVector.fromArray(Lanes.FLOAT, x, at + 1 * Lanes.COUNT));
                    even = ((FloatVector) word.and(0xf00).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 2 * Lanes.COUNT), even);
                    odd = ((FloatVector) word.and(0xf000).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 3 * Lanes.COUNT), odd);
                    even = ((FloatVector) word.and(0xf0000).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 4 * Lanes.COUNT), even);
                    odd = ((FloatVector) word.and(0xf00000).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 5 * Lanes.COUNT), odd);
                    even = ((FloatVector) word.and(0xf000000).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 6 * Lanes.COUNT), even);
                    odd = ((FloatVector) word.lanewise(VectorOperators.LSHR, 28).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 7 * Lanes.COUNT), odd);
                    total = even.add(odd).fma(scales.rearrange(expand[k]), total);
                }
            }
            y[to + row] = total.reduceLanes(VectorOperators.ADD);
        }
    }

    /// Four weights a lane.
    private static void rows8(RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var x = input.data();
        var sums = input.groupSums();
        var expand = layout.expand();
        var vectors = layout.vectors(cols);
        var groups = block.groups;
        for (var row = 0; row < block.rows; row++) {
            var address = block.start + (long) row * block.rowBytes;
            var total = FloatVector.zero(Lanes.FLOAT);
            var vector = 0;
            for (var group = 0; group < groups; group += Lanes.COUNT) {
                var scales = FloatVector.fromArray(Lanes.FLOAT, block.scales, row * groups + group);
                var biases = FloatVector.fromArray(Lanes.FLOAT, block.biases, row * groups + group);
                total = FloatVector.fromArray(Lanes.FLOAT, sums, group).fma(biases, total);
                var end = Math.min(vectors, vector + expand.length);
                for (var k = 0; vector < end; k++, vector++) {
                    var word = IntVector.fromMemorySegment(
                            Lanes.INT, packed, address + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                    var at = vector * 4 * Lanes.COUNT;
                    var even = ((FloatVector) word.and(0xff).convert(VectorOperators.I2F, 0))
                            .mul(FloatVector.fromArray(Lanes.FLOAT, x, at));
                    var odd = ((FloatVector) word.and(0xff00).convert(VectorOperators.I2F, 0))
                            .mul(FloatVector.fromArray(Lanes.FLOAT, x, at + 1 * Lanes.COUNT));
                    even = ((FloatVector) word.and(0xff0000).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 2 * Lanes.COUNT), even);
                    odd = ((FloatVector) word.lanewise(VectorOperators.LSHR, 24).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + 3 * Lanes.COUNT), odd);
                    total = even.add(odd).fma(scales.rearrange(expand[k]), total);
                }
            }
            y[to + row] = total.reduceLanes(VectorOperators.ADD);
        }
    }

    /// Sixteen weights a lane.
    private static void rows2(RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var x = input.data();
        var sums = input.groupSums();
        var expand = layout.expand();
        var vectors = layout.vectors(cols);
        var groups = block.groups;
        for (var row = 0; row < block.rows; row++) {
            var address = block.start + (long) row * block.rowBytes;
            var total = FloatVector.zero(Lanes.FLOAT);
            var vector = 0;
            for (var group = 0; group < groups; group += Lanes.COUNT) {
                var scales = FloatVector.fromArray(Lanes.FLOAT, block.scales, row * groups + group);
                var biases = FloatVector.fromArray(Lanes.FLOAT, block.biases, row * groups + group);
                total = FloatVector.fromArray(Lanes.FLOAT, sums, group).fma(biases, total);
                var end = Math.min(vectors, vector + expand.length);
                for (var k = 0; vector < end; k++, vector++) {
                    var word = IntVector.fromMemorySegment(
                            Lanes.INT, packed, address + (long) vector * Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
                    var at = vector * 16 * Lanes.COUNT;
                    var even = FloatVector.zero(Lanes.FLOAT);
                    var odd = ((FloatVector)
                                    word.lanewise(VectorOperators.LSHR, 30).convert(VectorOperators.I2F, 0))
                            .mul(FloatVector.fromArray(Lanes.FLOAT, x, at + 15 * Lanes.COUNT));
                    for (var j = 0; j < 7; j++, at += 2 * Lanes.COUNT) {
                        even = ((FloatVector) word.and(3 << (4 * j)).convert(VectorOperators.I2F, 0))
                                .fma(FloatVector.fromArray(Lanes.FLOAT, x, at), even);
                        odd = ((FloatVector) word.and(12 << (4 * j)).convert(VectorOperators.I2F, 0))
                                .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + Lanes.COUNT), odd);
                    }
                    even = ((FloatVector) word.and(3 << 28).convert(VectorOperators.I2F, 0))
                            .fma(FloatVector.fromArray(Lanes.FLOAT, x, at), even);
                    total = even.add(odd).fma(scales.rearrange(expand[k]), total);
                }
            }
            y[to + row] = total.reduceLanes(VectorOperators.ADD);
        }
    }

    /// 3, 5 and 6 bits: bytes are first spread to the lanes.
    private static void rowsSpread(
            RowBlock block, LinearInput input, PackedLayout layout, int cols, float[] y, int to) {
        MemorySegment packed = block.packed;
        var x = input.data();
        var sums = input.groupSums();
        var masks = layout.masks();
        var expand = layout.expand();
        var vectors = layout.vectors(cols);
        var groups = block.groups;
        for (var row = 0; row < block.rows; row++) {
            var address = block.start + (long) row * block.rowBytes;
            var total = FloatVector.zero(Lanes.FLOAT);
            var vector = 0;
            for (var group = 0; group < groups; group += Lanes.COUNT) {
                var scales = FloatVector.fromArray(Lanes.FLOAT, block.scales, row * groups + group);
                var biases = FloatVector.fromArray(Lanes.FLOAT, block.biases, row * groups + group);
                total = FloatVector.fromArray(Lanes.FLOAT, sums, group).fma(biases, total);
                var end = Math.min(vectors, vector + expand.length);
                for (var k = 0; vector < end; k++, vector++) {
                    var word = ByteVector.fromMemorySegment(
                                    Lanes.BYTE,
                                    packed,
                                    address + (long) vector * layout.vectorBytes(),
                                    ByteOrder.LITTLE_ENDIAN)
                            .rearrange(layout.spread())
                            .reinterpretAsInts();
                    var at = vector * layout.values() * Lanes.COUNT;
                    var even = FloatVector.zero(Lanes.FLOAT);
                    var odd = FloatVector.zero(Lanes.FLOAT);
                    for (var j = 0; j < layout.values(); j += 2, at += 2 * Lanes.COUNT) {
                        var mask = IntVector.fromArray(Lanes.INT, masks, j * Lanes.COUNT);
                        even = ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                                .fma(FloatVector.fromArray(Lanes.FLOAT, x, at), even);
                        mask = IntVector.fromArray(Lanes.INT, masks, (j + 1) * Lanes.COUNT);
                        odd = ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                                .fma(FloatVector.fromArray(Lanes.FLOAT, x, at + Lanes.COUNT), odd);
                    }
                    total = even.add(odd).fma(scales.rearrange(expand[k]), total);
                }
            }
            y[to + row] = total.reduceLanes(VectorOperators.ADD);
        }
    }
}
