package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.ScalarMatrix;
import dev.jmlx.engine.tensor.SmallFloats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntConsumer;

/// Weights of the float modes as weights that there are kernels for, without loss.
///
/// `MXFP4` becomes affine with 5 bits: twice an E2M1 is a whole number from -12 to 12. The others become bf16,
/// which has bits enough for the product of a small float and its scale, at two and three and a half times
/// their size; times the factor of a tensor of its own (`NVFP4`) they become f32. [Repacker]'s own; engine's
/// loading thread.
final class FloatWeights {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Bits, and what is added so that codes are not negative.
    private static final int BITS = 5;

    private static final int OFFSET = 12;

    /// Rows that a thread converts at a time.
    private static final int BLOCK_ROWS = 16;

    private FloatWeights() {}

    /// In memory of `arena`, until it is repacked.
    static Matrix plain(Matrix.Quantized matrix, Arena arena, WorkerPool pool) {
        if (matrix.factor() != 1) {
            return floats(matrix, arena, pool);
        }
        return matrix.mode() == QuantizationMode.MXFP4 ? affine(matrix, arena, pool) : dense(matrix, arena, pool);
    }

    /// Calls `convert` with each row, on all threads.
    private static void eachRow(Matrix matrix, WorkerPool pool, IntConsumer convert) {
        pool.run(
                (_, block) -> {
                    var end = Math.min(matrix.rows(), (block + 1) * BLOCK_ROWS);
                    for (var row = block * BLOCK_ROWS; row < end; row++) {
                        convert.accept(row);
                    }
                },
                Math.ceilDiv(matrix.rows(), BLOCK_ROWS));
    }

    private static Matrix.Dense floats(Matrix.Quantized matrix, Arena arena, WorkerPool pool) {
        var data = arena.allocate((long) matrix.rows() * matrix.cols() * Float.BYTES, Float.BYTES);
        eachRow(matrix, pool, row -> {
            var values = new double[matrix.cols()];
            ScalarMatrix.row(matrix, row, values);
            for (var col = 0; col < values.length; col++) {
                data.set(FLOAT, ((long) row * matrix.cols() + col) * Float.BYTES, (float) values[col]);
            }
        });
        return new Matrix.Dense(data, DType.F32, matrix.rows(), matrix.cols());
    }

    private static Matrix.Quantized affine(Matrix.Quantized matrix, Arena arena, WorkerPool pool) {
        var groups = (long) matrix.rows() * matrix.groups();
        var words = matrix.groupSize() * BITS / Integer.SIZE;
        var packed = arena.allocate(groups * words * Integer.BYTES, Integer.BYTES);
        var scales = arena.allocate(groups * Short.BYTES, Short.BYTES);
        var biases = arena.allocate(groups * Short.BYTES, Short.BYTES);
        eachRow(matrix, pool, row -> {
            for (var group = 0; group < matrix.groups(); group++) {
                var at = (long) row * matrix.groups() + group;
                codes(matrix, row, group * matrix.groupSize(), packed, at * words * Integer.BYTES);
                var scale = SmallFloats.e8m0(Byte.toUnsignedInt(matrix.scales().get(ValueLayout.JAVA_BYTE, at))) / 2;
                scales.set(SHORT, at * Short.BYTES, brainFloat(scale));
                biases.set(SHORT, at * Short.BYTES, brainFloat(-OFFSET * scale));
            }
        });
        return new Matrix.Quantized(
                packed,
                scales,
                biases,
                DType.BF16,
                matrix.rows(),
                matrix.cols(),
                BITS,
                matrix.groupSize(),
                QuantizationMode.AFFINE);
    }

    /// Writes a group's codes from byte `to` on.
    private static void codes(Matrix.Quantized matrix, int row, int col, MemorySegment packed, long to) {
        var buffer = 0L;
        var filled = 0;
        var at = to;
        for (var i = 0; i < matrix.groupSize(); i++) {
            var code = (long) (2 * SmallFloats.e2m1(ScalarMatrix.quant(matrix, row, col + i))) + OFFSET;
            buffer |= code << filled;
            filled += BITS;
            if (filled >= Integer.SIZE) {
                packed.set(INT, at, (int) buffer);
                at += Integer.BYTES;
                buffer >>>= Integer.SIZE;
                filled -= Integer.SIZE;
            }
        }
    }

    private static Matrix.Dense dense(Matrix.Quantized matrix, Arena arena, WorkerPool pool) {
        var data = arena.allocate((long) matrix.rows() * matrix.cols() * Short.BYTES, Short.BYTES);
        eachRow(matrix, pool, row -> {
            var values = new double[matrix.cols()];
            ScalarMatrix.row(matrix, row, values);
            for (var col = 0; col < values.length; col++) {
                var at = ((long) row * matrix.cols() + col) * Short.BYTES;
                data.set(SHORT, at, brainFloat((float) values[col]));
            }
        });
        return new Matrix.Dense(data, DType.BF16, matrix.rows(), matrix.cols());
    }

    /// Of a value that bf16 holds exactly.
    private static short brainFloat(float value) {
        return (short) (Float.floatToRawIntBits(value) >>> Short.SIZE);
    }
}
