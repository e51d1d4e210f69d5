package dev.jmlx.engine.tensor;

import java.lang.foreign.MemorySegment;

/// A weight matrix `[rows, cols]`: as the checkpoint stores it, row-major, little-endian, file-backed, or as a
/// backend prepared it. A linear layer computes `y[t, r] = sum over c of x[t, c] * w[r, c]`, so `rows` is the
/// output size and `cols` the
/// input size.
///
/// Immutable; the segments stay valid as long as the loaded model's arena is open. Safe for any thread.
public sealed interface Matrix {
    int rows();

    int cols();

    /// Bytes that one pass over the whole matrix reads.
    long byteSize();

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
    /// `packed`: per row `cols * bits / 32` little-endian 32-bit words that form one bit stream,
    /// element `c` in the bits `[c * bits, (c + 1) * bits)` counted from the least significant bit of
    /// the row's first byte. `scales`, `biases`: per row `cols / groupSize` elements of `scaleType`.
    /// Source: mlx/ops `quantize`, mlx `backend/cpu/quantized.cpp`.
    record Quantized(
            MemorySegment packed,
            MemorySegment scales,
            MemorySegment biases,
            DType scaleType,
            int rows,
            int cols,
            int bits,
            int groupSize,
            QuantizationMode mode)
            implements Matrix {
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
