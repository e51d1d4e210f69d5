package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// Weight matrices with random contents, in native memory of exactly their size, as a mapped file would give
/// them.
final class RandomWeights {
    private final Random random;
    private final Arena arena;

    RandomWeights(long seed, Arena arena) {
        this.random = new Random(seed);
        this.arena = arena;
    }

    Matrix.Quantized quantized(int rows, int cols, int bits, int groupSize, DType scaleType) {
        var packed = arena.allocate((long) rows * cols * bits / 8);
        for (var i = 0L; i < packed.byteSize(); i++) {
            packed.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
        }
        var groups = (long) rows * (cols / groupSize);
        var top = (1 << bits) - 1;
        return new Matrix.Quantized(
                packed,
                floats(groups, scaleType, 0.02f / top, 0.02f / top),
                floats(groups, scaleType, -0.02f, 0.01f),
                scaleType,
                rows,
                cols,
                bits,
                groupSize,
                QuantizationMode.AFFINE);
    }

    /// Weights of one of the float modes; codes that are no numbers are left out.
    Matrix.Quantized microscaled(int rows, int cols, QuantizationMode mode) {
        var format = MicroscaledFormat.of(mode);
        var packed = arena.allocate((long) rows * cols * format.bits / 8);
        for (var i = 0L; i < packed.byteSize(); i++) {
            var code = (byte) random.nextInt();
            var isNumber = format.bits == 4 || (code & 0x7F) != 0x7F;
            packed.set(ValueLayout.JAVA_BYTE, i, isNumber ? code : 0);
        }
        var scales = arena.allocate((long) rows * (cols / format.groupSize));
        for (var i = 0L; i < scales.byteSize(); i++) {
            // Powers of two from 2^-17 to 2^-6 here; there from subnormal ones to 2^-2.
            var scale = mode == QuantizationMode.NVFP4 ? random.nextInt(40) : 110 + random.nextInt(12);
            scales.set(ValueLayout.JAVA_BYTE, i, (byte) scale);
        }
        return new Matrix.Quantized(
                packed,
                scales,
                MemorySegment.NULL,
                DType.U8,
                rows,
                cols,
                format.bits,
                format.groupSize,
                mode,
                random.nextBoolean() ? 1 : 0.37f);
    }

    Matrix.Dense dense(int rows, int cols, DType type) {
        return new Matrix.Dense(floats((long) rows * cols, type, 0, 0.05f), type, rows, cols);
    }

    float[] values(int count) {
        var values = new float[count];
        for (var i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /// A table whose rows `embed` yields unchanged: how tests bring activations into an implementation.
    Matrix.Dense activations(int rows, int cols) {
        return dense(rows, cols, values(rows * cols));
    }

    Matrix.Dense dense(int rows, int cols, float[] values) {
        var data = arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
        return new Matrix.Dense(data, DType.F32, rows, cols);
    }

    private MemorySegment floats(long count, DType type, float mean, float deviation) {
        var data = arena.allocate(count * type.byteSize());
        for (var i = 0L; i < count; i++) {
            var value = mean + deviation * (float) random.nextGaussian();
            switch (type) {
                case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, value);
                case F16 -> data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Float.floatToFloat16(value));
                case BF16 ->
                    data.setAtIndex(
                            ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) (Float.floatToRawIntBits(value) >>> 16));
                case U32, I32, U8 -> throw new IllegalArgumentException(type + " is no type of floats");
            }
        }
        return data;
    }
}
