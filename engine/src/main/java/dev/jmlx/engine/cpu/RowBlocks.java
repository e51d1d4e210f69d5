package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.LongFunction;

/// A weight matrix in the layout of the CPU kernels: rows in blocks of [Lanes#COUNT], one row to a lane.
///
/// A vector of weights then holds the same column of consecutive rows. The kernels read memory in one sequence,
/// meet activations as broadcasts, which need neither an order of their own nor alignment, and never sum across
/// a vector. On the checkpoint's own layout a row of a few hundred columns is over before a loop has paid for
/// its start: the matrix-vector product reached a quarter of the memory bandwidth there, and all of it here.
///
/// Rows that fill up the last block are zero. Made by [Repacker]; immutable; any thread.
sealed interface RowBlocks extends Matrix.Prepared {

    /// Blocks of rows, the last one perhaps filled up.
    default int blocks() {
        return blocks(rows());
    }

    /// Blocks that `rows` rows take.
    static int blocks(int rows) {
        return Math.ceilDiv(rows, Lanes.COUNT);
    }

    /// Columns that matrix-matrix kernels unpack at a time: whole groups, and about as many each time,
    /// so that 576 columns are three times 192 and not twice 256 and a rest.
    default int panelCols() {
        var group = switch (this) {
            case Dense _ -> 1;
            case Quantized quantized -> quantized.groupSize();
        };
        var panels = Math.ceilDiv(cols(), Panel.DEPTH);
        return Math.ceilDiv(Math.ceilDiv(cols(), panels), group) * group;
    }

    /// A matrix of zeros in the format of `like`, in memory from `allocate`, which takes a number of
    /// bytes. `cols` is a multiple of the group size.
    static RowBlocks zeros(RowBlocks like, int rows, int cols, LongFunction<MemorySegment> allocate) {
        var values = (long) blocks(rows) * Lanes.COUNT * cols;
        return switch (like) {
            case Dense dense -> new Dense(allocate.apply(values * dense.type.byteSize()), dense.type, rows, cols);
            case Quantized quantized -> {
                var scaleBytes = values / quantized.groupSize * quantized.scaleType.byteSize();
                yield new Quantized(
                        quantized.planes.stream()
                                .map(plane -> new Plane(
                                        plane.bits, plane.shift, allocate.apply(values * plane.bits / Byte.SIZE)))
                                .toList(),
                        allocate.apply(scaleBytes),
                        allocate.apply(scaleBytes),
                        quantized.scaleType,
                        rows,
                        cols,
                        quantized.bits,
                        quantized.groupSize);
            }
        };
    }

    /// Floats as stored: `data` is `[block][column][lane]`.
    record Dense(MemorySegment data, DType type, int rows, int cols) implements RowBlocks {
        @Override
        public long byteSize() {
            return data.byteSize();
        }
    }

    /// Quantized weights `scale * q + bias`, `q` the sum of its planes' values.
    ///
    /// `scales` and `biases` are `[block][group][lane]` of `scaleType`.
    record Quantized(
            List<Plane> planes,
            MemorySegment scales,
            MemorySegment biases,
            DType scaleType,
            int rows,
            int cols,
            int bits,
            int groupSize)
            implements RowBlocks {

        int groups() {
            return cols / groupSize;
        }

        /// Byte of the first word of block `block` and column `col`, in the words of a single plane.
        long wordsAt(int block, int col) {
            return ((long) block * cols + col) * bits / Integer.SIZE * Lanes.BYTES;
        }

        /// Element of the first scale and bias of block `block`.
        long scalesAt(int block) {
            return (long) block * groups() * Lanes.COUNT;
        }

        @Override
        public long byteSize() {
            var bytes = scales.byteSize() + biases.byteSize();
            for (var plane : planes) {
                bytes += plane.words.byteSize();
            }
            return bytes;
        }
    }

    /// `bits` bits (1, 2, 4 or 8) of each quantized value, from its bit `shift` on: widths that do not
    /// divide a word are split into two planes that do.
    ///
    /// `words` is `[block][word][lane]` of 32 bits; value `j` of a word, counted from its lowest bits,
    /// is column `word * 32 / bits + j`.
    record Plane(int bits, int shift, MemorySegment words) {
        /// Values in a word.
        int values() {
            return Integer.SIZE / bits;
        }
    }
}
