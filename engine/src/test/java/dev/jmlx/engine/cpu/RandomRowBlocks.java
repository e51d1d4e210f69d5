package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/// 4-bit weights with random contents in the layout of the kernels, and their elements one by one.
final class RandomRowBlocks {
    private RandomRowBlocks() {}

    /// Random codes; scales around 0.01 and biases around -0.08, as if weights were centred, or both with the other
    /// sign, as mlx has them too; one in fifty is zero or so small that f16 has it as a subnormal.
    static RowBlocks.Quantized weights(Random random, Arena arena, int rows, int cols, int groupSize, DType scaleType) {
        var weights = RowBlocks.Quantized.allocate(
                4, groupSize, scaleType, rows, cols, bytes -> arena.allocate(bytes, Float.BYTES));
        for (var i = 0L; i < weights.byteSize() / Integer.BYTES; i++) {
            weights.data().setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt());
        }
        for (var block = 0; block < weights.blocks(); block++) {
            for (var group = 0; group < weights.groups(); group++) {
                var sign = random.nextBoolean() ? 1 : -1;
                fill(random, weights.data(), weights.scalesAt(block, group), sign * 0.01, scaleType);
                fill(random, weights.data(), weights.biasesAt(block, group), sign * -0.08, scaleType);
            }
        }
        return weights;
    }

    /// The code of a weight, 0 to 15.
    static int value(RowBlocks.Quantized weights, int row, int col) {
        var plane = weights.planes().getFirst();
        var at = weights.wordAt(plane, row / Lanes.COUNT, col / 8 * 8) + row % Lanes.COUNT * (long) Integer.BYTES;
        return (weights.data().get(ValueLayout.JAVA_INT, at) >>> (4 * (col % 8))) & 15;
    }

    static double scale(RowBlocks.Quantized weights, int row, int group) {
        return element(weights, weights.scalesAt(row / Lanes.COUNT, group) + row % Lanes.COUNT);
    }

    static double bias(RowBlocks.Quantized weights, int row, int group) {
        return element(weights, weights.biasesAt(row / Lanes.COUNT, group) + row % Lanes.COUNT);
    }

    /// Makes the scale of a row's group infinite.
    static void setInfinite(RowBlocks.Quantized weights, int row, int group) {
        var at = weights.scalesAt(row / Lanes.COUNT, group) + row % Lanes.COUNT;
        set(weights.data(), at, Float.POSITIVE_INFINITY, weights.scaleType());
    }

    private static double element(RowBlocks.Quantized weights, long at) {
        var from = weights.data();
        return switch (weights.scaleType()) {
            case F32 -> from.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            case F16 -> Float.float16ToFloat(from.getAtIndex(ValueLayout.JAVA_SHORT, at));
            case BF16 -> Float.intBitsToFloat(from.getAtIndex(ValueLayout.JAVA_SHORT, at) << 16);
            case U32, I32, U8 -> throw new IllegalArgumentException("no type of scales");
        };
    }

    private static void fill(Random random, MemorySegment data, long at, double mean, DType type) {
        for (var i = at; i < at + Lanes.COUNT; i++) {
            var value = (float) (mean * (0.5 + random.nextDouble()));
            value *= random.nextInt(50) > 0 ? 1 : random.nextBoolean() ? 0x1p-12f : 0;
            set(data, i, value, type);
        }
    }

    private static void set(MemorySegment data, long at, float value, DType type) {
        switch (type) {
            case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT, at, value);
            case F16 -> data.setAtIndex(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16(value));
            case BF16 -> data.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(value) >>> 16));
            case U32, I32, U8 -> throw new IllegalArgumentException("no type of scales");
        }
    }
}
