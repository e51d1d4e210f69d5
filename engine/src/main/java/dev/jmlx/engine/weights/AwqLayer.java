package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// A linear layer as AutoAWQ stores it: 4-bit weights `[inputs, outputs / 8]`, eight of them in a word in an
/// order of its own, scales `[groups, outputs]`, and zeros packed like the weights, or none where all are 8.
/// Used while loading.
///
/// Source: mlx-lm `utils.py`, `_transform_awq_weights`.
record AwqLayer(
        TensorInfo packed, TensorInfo scales, @Nullable TensorInfo zeros) {
    /// Weights in a word.
    static final int PER_WORD = 8;

    private static final int BITS = 4;

    /// Where in a word each of eight consecutive outputs is.
    private static final int[] ORDER = {0, 4, 1, 5, 2, 6, 3, 7};

    private static final int SYMMETRIC_ZERO = 8;

    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// The same weights as MLX stores them, in memory that the collector frees.
    Matrix.Quantized repack(int rows, int cols, int groupSize) {
        var arena = Arena.ofAuto();
        var groups = cols / groupSize;
        var type = scales.dtype();
        var words = arena.allocate((long) rows * cols * BITS / Byte.SIZE, Integer.BYTES);
        for (var row = 0; row < rows; row++) {
            for (var col = 0; col < cols; col += PER_WORD) {
                var word = 0;
                for (var i = 0; i < PER_WORD; i++) {
                    word |= nibble(packed, col + i, row, rows) << (BITS * i);
                }
                words.set(I32, ((long) row * cols + col) / PER_WORD * Integer.BYTES, word);
            }
        }
        var newScales = arena.allocate((long) rows * groups * type.byteSize(), Integer.BYTES);
        var biases = arena.allocate(newScales.byteSize(), Integer.BYTES);
        for (var row = 0; row < rows; row++) {
            for (var group = 0; group < groups; group++) {
                var scale = read(scales.data(), type, (long) group * rows + row);
                var zero = zeros == null ? SYMMETRIC_ZERO : nibble(zeros, group, row, rows);
                var at = (long) row * groups + group;
                write(newScales, type, at, scale);
                write(biases, type, at, -zero * scale);
            }
        }
        return new Matrix.Quantized(
                words, newScales, biases, type, rows, cols, BITS, groupSize, QuantizationMode.AFFINE);
    }

    /// The weight or zero of output `row` in line `line`, of `rows` in a line.
    private static int nibble(TensorInfo tensor, int line, int row, int rows) {
        var word = tensor.data().get(I32, ((long) line * rows + row) / PER_WORD * Integer.BYTES);
        return (word >>> (BITS * ORDER[row % PER_WORD])) & 0xF;
    }

    private static float read(MemorySegment data, DType type, long index) {
        return switch (type) {
            case F32 -> data.get(F32, index * Float.BYTES);
            case F16 -> Float.float16ToFloat(data.get(I16, index * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(data.get(I16, index * Short.BYTES) << Short.SIZE);
            case U32, I32, U8 -> throw new IllegalStateException("checked to be a float type");
        };
    }

    private static void write(MemorySegment data, DType type, long index, float value) {
        switch (type) {
            case F32 -> data.set(F32, index * Float.BYTES, value);
            case F16 -> data.set(I16, index * Short.BYTES, Float.floatToFloat16(value));
            case BF16 -> {
                var bits = Float.floatToRawIntBits(value);
                data.set(I16, index * Short.BYTES, (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16));
            }
            case U32, I32, U8 -> throw new IllegalStateException("checked to be a float type");
        }
    }
}
