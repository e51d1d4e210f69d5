package dev.jmlx.bench;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// Matrices with random contents, scales in f16.
///
/// Scales and biases keep away from zero, so that no run depends on how many of them are subnormal: some Intel
/// processors take a hundred cycles for a product with such a float.
final class RandomMatrix {
    private RandomMatrix() {}

    static Matrix.Quantized quantized(Arena arena, int rows, int cols, int bits, int groupSize) {
        var random = new Random(rows * 31L + cols);
        var packed = arena.allocate((long) rows * cols * bits / 8, 64);
        for (var at = 0L; at < packed.byteSize(); at += Integer.BYTES) {
            packed.set(ValueLayout.JAVA_INT, at, random.nextInt());
        }
        var groups = (long) rows * cols / groupSize;
        var scales = arena.allocate(groups * Short.BYTES, 64);
        var biases = arena.allocate(groups * Short.BYTES, 64);
        for (var group = 0L; group < groups; group++) {
            scales.setAtIndex(ValueLayout.JAVA_SHORT, group, Float.floatToFloat16(0.01f + 0.01f * random.nextFloat()));
            biases.setAtIndex(ValueLayout.JAVA_SHORT, group, Float.floatToFloat16(-0.05f - 0.1f * random.nextFloat()));
        }
        return new Matrix.Quantized(
                packed, scales, biases, DType.F16, rows, cols, bits, groupSize, QuantizationMode.AFFINE);
    }

    /// With the bits and groups that `mode` has.
    static Matrix.Quantized microscaled(Arena arena, int rows, int cols, QuantizationMode mode) {
        var random = new Random(rows * 31L + cols);
        var bits = mode == QuantizationMode.MXFP8 ? 8 : 4;
        var groupSize = mode == QuantizationMode.NVFP4 ? 16 : 32;
        var packed = arena.allocate((long) rows * cols * bits / 8, 64);
        for (var at = 0L; at < packed.byteSize(); at += Integer.BYTES) {
            packed.set(ValueLayout.JAVA_INT, at, random.nextInt() & 0xBFBF_BFBF);
        }
        var scales = arena.allocate((long) rows * cols / groupSize, 64);
        for (var at = 0L; at < scales.byteSize(); at++) {
            scales.set(ValueLayout.JAVA_BYTE, at, (byte) (mode == QuantizationMode.NVFP4 ? 0x20 : 120));
        }
        return new Matrix.Quantized(packed, scales, MemorySegment.NULL, DType.U8, rows, cols, bits, groupSize, mode);
    }

    static Matrix.Dense dense(Arena arena, DType type, int rows, int cols) {
        var random = new Random(cols);
        var data = arena.allocate((long) rows * cols * type.byteSize(), 64);
        for (var i = 0L; i < (long) rows * cols; i++) {
            var value = random.nextFloat() - 0.5f;
            switch (type) {
                case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                case F16 -> data.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
                case BF16 -> data.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >> 16));
                default -> throw new IllegalArgumentException(type + " is no type of dense weights");
            }
        }
        return new Matrix.Dense(data, type, rows, cols);
    }
}
