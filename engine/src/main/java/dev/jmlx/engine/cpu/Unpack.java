package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Turns rows of weights into f32: quantized ones in lane order (see [PackedLayout]), dense ones as they are.
///
/// For kernels that use each weight for several tokens. Any thread, with its own [RowBlock].
final class Unpack {
    private Unpack() {}

    /// Writes row `row` of `matrix`, which is row `loaded` of what `block` holds, to `out[to ..]`; a vector behind its
    /// end may be overwritten.
    static void row(Matrix matrix, int row, int loaded, RowBlock block, float[] out, int to) {
        switch (matrix) {
            case Matrix.Dense dense -> {
                var from = (long) row * dense.cols();
                Widen.copy(dense.data(), dense.dtype(), from, dense.cols(), out, to, block.raw(dense.cols()));
            }
            case Matrix.Quantized quantized -> {
                var layout = PackedLayout.of(quantized);
                if (layout.isWord()) {
                    words(block, layout, quantized.cols(), loaded, out, to);
                } else {
                    bytes(block, layout, quantized.cols(), loaded, out, to);
                }
            }
        }
    }

    /// A partly used last vector is closed up: each value's vector is written over the unused lanes of the one before.
    private static void words(RowBlock block, PackedLayout layout, int cols, int row, float[] out, int outStart) {
        MemorySegment packed = block.packed;
        var at = block.start + (long) row * block.rowBytes;
        var values = layout.values();
        var mask = (1 << layout.bits()) - 1;
        var lanes = layout.lanes(cols);
        var expand = layout.expand();
        var to = outStart;
        var lane = 0;
        for (; lane < lanes; lane += Lanes.COUNT) {
            var word = IntVector.fromMemorySegment(
                    Lanes.INT, packed, at + (long) lane * Integer.BYTES, ByteOrder.LITTLE_ENDIAN);
            var group = row * block.groups + (lane >> layout.groupShift());
            var scale = FloatVector.fromArray(Lanes.FLOAT, block.scales, group).rearrange(expand);
            var bias = FloatVector.fromArray(Lanes.FLOAT, block.biases, group).rearrange(expand);
            var used = Math.min(Lanes.COUNT, lanes - lane);
            for (var j = 0; j < values; j++, to += used) {
                ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                        .fma(scale, bias)
                        .intoArray(out, to);
                word = word.lanewise(VectorOperators.LSHR, layout.bits());
            }
        }
    }

    private static void bytes(RowBlock block, PackedLayout layout, int cols, int row, float[] out, int outStart) {
        MemorySegment packed = block.packed;
        var at = block.start + (long) row * block.rowBytes;
        var values = layout.values();
        var mask = (1 << layout.bits()) - 1;
        var lanes = layout.lanes(cols);
        var expand = layout.expand();
        var shifts = IntVector.fromArray(Lanes.INT, layout.shifts(), 0);
        var to = outStart;
        var lane = 0;
        for (; lane < lanes; lane += Lanes.COUNT, at += layout.vectorBytes()) {
            var word = ByteVector.fromMemorySegment(Lanes.BYTE, packed, at, ByteOrder.LITTLE_ENDIAN)
                    .rearrange(layout.spread())
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHR, shifts);
            var group = row * block.groups + (lane >> layout.groupShift());
            var scale = FloatVector.fromArray(Lanes.FLOAT, block.scales, group).rearrange(expand);
            var bias = FloatVector.fromArray(Lanes.FLOAT, block.biases, group).rearrange(expand);
            var used = Math.min(Lanes.COUNT, lanes - lane);
            for (var j = 0; j < values; j++, to += used) {
                ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                        .fma(scale, bias)
                        .intoArray(out, to);
                word = word.lanewise(VectorOperators.LSHR, layout.bits());
            }
        }
    }
}
