package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.MemorySegment;

/// A 4-bit matrix in row blocks: what the matrix-matrix kernels read.
///
/// A block is [Lanes#COUNT] rows. `words` is `[block][cols / 8][lane]` of little-endian u32 with value `k` in bits
/// `4 * (k % 8)`; `scales` and `biases` are `[block][cols / groupSize][lane]` of `scaleType`. A weight is
/// `scale * value + bias`. Rows behind the last one up to the end of its block may hold anything. Immutable.
record BlockedWeights(
        MemorySegment words,
        MemorySegment scales,
        MemorySegment biases,
        DType scaleType,
        int rows,
        int cols,
        int groupSize) {

    /// The most columns that kernels unpack at a time.
    private static final int DEPTH = 256;

    int blocks() {
        return (rows + Lanes.COUNT - 1) / Lanes.COUNT;
    }

    int groups() {
        return cols / groupSize;
    }

    /// Byte of the first word of block `block` and column `col`, a multiple of 8.
    long wordsAt(int block, int col) {
        return ((long) block * cols + col) / 8 * Lanes.BYTES;
    }

    /// Element of the first scale and bias of block `block`.
    long scalesAt(int block) {
        return (long) block * groups() * Lanes.COUNT;
    }

    /// Columns that kernels unpack at a time: whole groups, and about as many each time, so that 576 columns are three
    /// times 192 and not twice 256 and a rest.
    int panelCols() {
        var panels = (cols + DEPTH - 1) / DEPTH;
        var even = (cols + panels - 1) / panels;
        return (even + groupSize - 1) / groupSize * groupSize;
    }
}
