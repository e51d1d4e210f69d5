package dev.jmlx.engine.tensor;

import java.lang.foreign.MemorySegment;

/// A weight matrix `[rows, cols]`: as the checkpoint stores it, row-major, little-endian, file-backed, or as a
/// backend prepared it. A linear layer computes `y[t, r] = sum over c of x[t, c] * w[r, c]`, so `rows` is the
/// output size and `cols` the input size.
///
/// Immutable; the segments stay valid as long as the loaded model's arena is open. Safe for any thread.
public sealed interface Matrix {
    int rows();

    int cols();

    /// Bytes that one pass over the whole matrix reads.
    long byteSize();

    /// The rows `from .. to - 1` of a matrix that no backend prepared yet, in the same memory.
    static Matrix rows(Matrix matrix, int from, int to) {
        return switch (matrix) {
            case Dense(var data, var dtype, var rows, var cols) ->
                new Dense(slice(data, rows, from, to), dtype, to - from, cols);
            case Quantized q ->
                new Quantized(
                        slice(q.packed, q.rows, from, to),
                        slice(q.scales, q.rows, from, to),
                        q.biases.byteSize() == 0 ? q.biases : slice(q.biases, q.rows, from, to),
                        q.scaleType,
                        to - from,
                        q.cols,
                        q.bits,
                        q.groupSize,
                        q.mode,
                        q.factor);
            case Prepared _ -> throw new IllegalArgumentException("a prepared matrix has no rows of its own");
        };
    }

    private static MemorySegment slice(MemorySegment data, int rows, int from, int to) {
        var rowBytes = data.byteSize() / rows;
        return data.asSlice(from * rowBytes, (to - from) * rowBytes);
    }

    /// Unquantized weights: `data` holds `rows * cols` elements of `dtype` (F32, F16 or BF16).
    record Dense(MemorySegment data, DType dtype, int rows, int cols) implements Matrix {
        @Override
        public long byteSize() {
            return data.byteSize();
        }
    }

    /// Weights in a backend's own layout, made by its `Ops.prepare`; only that backend can use them.
    non-sealed interface Prepared extends Matrix {}

    /// Group-quantized weights in MLX's layout.
    ///
    /// `packed`: per row `cols * bits / 32` little-endian 32-bit words that form one bit stream, element `c` in
    /// the bits `[c * bits, (c + 1) * bits)` counted from the least significant bit of the row's first byte.
    /// `scales`, `biases`: per row `cols / groupSize` elements of `scaleType`; the float modes have scales of
    /// [DType#U8] and no biases. All weights are multiplied by `factor`. Source: mlx/ops `quantize`, mlx
    /// `backend/cpu/quantized.cpp`.
    record Quantized(
            MemorySegment packed,
            MemorySegment scales,
            MemorySegment biases,
            DType scaleType,
            int rows,
            int cols,
            int bits,
            int groupSize,
            QuantizationMode mode,
            float factor)
            implements Matrix {

        /// With a factor of 1.
        public Quantized(
                MemorySegment packed,
                MemorySegment scales,
                MemorySegment biases,
                DType scaleType,
                int rows,
                int cols,
                int bits,
                int groupSize,
                QuantizationMode mode) {
            this(packed, scales, biases, scaleType, rows, cols, bits, groupSize, mode, 1);
        }

        /// The same weights times `newFactor`.
        public Quantized times(float newFactor) {
            return new Quantized(
                    packed, scales, biases, scaleType, rows, cols, bits, groupSize, mode, factor * newFactor);
        }

        @Override
        public long byteSize() {
            return packed.byteSize() + scales.byteSize() + biases.byteSize();
        }

        /// Groups in one row.
        public int groups() {
            return cols / groupSize;
        }

        /// Bytes of packed weights in one row.
        public int packedRowBytes() {
            return cols * bits / 8;
        }
    }
}
