package dev.jmlx.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads weight matrices one element at a time, by the layout's definition: the reference for every kernel that
/// unpacks weights, and the tail of those that do not divide evenly. Backends and loading use it. Any thread.
public final class ScalarMatrix {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ScalarMatrix() {}

    /// Writes the `matrix.cols()` values of `row` to `out`; affine weights are `scale * q + bias`, not
    /// rounded to f32.
    public static void row(Matrix matrix, int row, double[] out) {
        switch (matrix) {
            case Matrix.Dense dense -> denseRow(dense, row, out);
            case Matrix.Quantized quantized -> quantizedRow(quantized, row, out);
            case Matrix.Prepared _ -> throw new IllegalArgumentException("a weight prepared by another backend");
        }
    }

    /// Element `index` of an array of floats stored as `type`.
    public static float element(MemorySegment data, DType type, long index) {
        return switch (type) {
            case F32 -> data.get(FLOAT, index * Float.BYTES);
            case F16 -> Float.float16ToFloat(data.get(SHORT, index * Short.BYTES));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, index * Short.BYTES) << 16);
            case U32, I32, U8 -> throw new IllegalArgumentException("weights of type " + type + " are not floats");
        };
    }

    /// Quantized value of one element: `bits` bits of the row's stream, which never span more than two
    /// bytes.
    public static int quant(Matrix.Quantized matrix, int row, int col) {
        var bit = (long) col * matrix.bits();
        var at = (long) row * matrix.packedRowBytes() + (bit >>> 3);
        var shift = (int) (bit & 7);
        var word = Byte.toUnsignedInt(matrix.packed().get(ValueLayout.JAVA_BYTE, at));
        if (shift + matrix.bits() > 8) {
            word |= Byte.toUnsignedInt(matrix.packed().get(ValueLayout.JAVA_BYTE, at + 1)) << 8;
        }
        return (word >>> shift) & ((1 << matrix.bits()) - 1);
    }

    private static void denseRow(Matrix.Dense matrix, int row, double[] out) {
        for (var c = 0; c < matrix.cols(); c++) {
            out[c] = element(matrix.data(), matrix.dtype(), (long) row * matrix.cols() + c);
        }
    }

    private static void quantizedRow(Matrix.Quantized matrix, int row, double[] out) {
        for (var c = 0; c < matrix.cols(); c++) {
            var group = (long) row * matrix.groups() + c / matrix.groupSize();
            var q = quant(matrix, row, c);
            out[c] = matrix.factor()
                    * switch (matrix.mode()) {
                        case AFFINE ->
                            (double) element(matrix.scales(), matrix.scaleType(), group) * q
                                    + element(matrix.biases(), matrix.scaleType(), group);
                        case MXFP4 -> (double) SmallFloats.e8m0(scaleBits(matrix, group)) * SmallFloats.e2m1(q);
                        case MXFP8 -> (double) SmallFloats.e8m0(scaleBits(matrix, group)) * SmallFloats.e4m3(q);
                        case NVFP4 -> (double) SmallFloats.e4m3(scaleBits(matrix, group)) * SmallFloats.e2m1(q);
                    };
        }
    }

    private static int scaleBits(Matrix.Quantized matrix, long group) {
        return Byte.toUnsignedInt(matrix.scales().get(ValueLayout.JAVA_BYTE, group));
    }
}
