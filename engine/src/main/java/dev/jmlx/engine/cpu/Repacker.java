package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/// Turns a checkpoint's matrices into [RowBlocks], once, while a model loads.
///
/// The copy takes the place of the file's pages: they are given back to the system when a matrix is done, so
/// that a loading model needs its own size and one matrix. Engine's loading thread; blocks are spread over the
/// pool.
final class Repacker {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final WorkerPool pool;
    private final WeightMemory memory = new WeightMemory();

    Repacker(WorkerPool pool) {
        this.pool = pool;
    }

    /// The copy lives in `arena`, the same one for all matrices of a model.
    RowBlocks repack(Matrix matrix, Arena arena) {
        Shapes.weight(matrix);
        return switch (matrix) {
            case Matrix.Dense dense -> dense(dense, arena);
            case Matrix.Quantized quantized -> quantized(quantized, arena);
            case Matrix.Prepared _ -> throw new IllegalArgumentException("the weight was prepared before");
        };
    }

    private RowBlocks dense(Matrix.Dense matrix, Arena arena) {
        var data = elements(matrix.data(), matrix.dtype(), matrix.rows(), matrix.cols(), arena);
        return new RowBlocks.Dense(data, matrix.dtype(), matrix.rows(), matrix.cols());
    }

    private RowBlocks quantized(Matrix.Quantized matrix, Arena arena) {
        var planes = new ArrayList<RowBlocks.Plane>();
        var shift = 0;
        for (var bits : planeBits(matrix.bits())) {
            planes.add(new RowBlocks.Plane(bits, shift, plane(matrix, bits, shift, arena)));
            shift += bits;
        }
        giveBack(matrix.packed());
        return new RowBlocks.Quantized(
                List.copyOf(planes),
                elements(matrix.scales(), matrix.scaleType(), matrix.rows(), matrix.groups(), arena),
                elements(matrix.biases(), matrix.scaleType(), matrix.rows(), matrix.groups(), arena),
                matrix.scaleType(),
                matrix.rows(),
                matrix.cols(),
                matrix.bits(),
                matrix.groupSize());
    }

    /// The widths of the planes that make up a value, lowest first.
    private static int[] planeBits(int bits) {
        return switch (bits) {
            case 3 -> new int[] {2, 1};
            case 5 -> new int[] {4, 1};
            case 6 -> new int[] {4, 2};
            default -> new int[] {bits};
        };
    }

    private MemorySegment plane(Matrix.Quantized matrix, int bits, int shift, Arena arena) {
        var words = matrix.cols() * bits / Integer.SIZE;
        var out = allocate(matrix.rows(), (long) words * Integer.BYTES, arena);
        pool.run((_, block) -> planeBlock(matrix, bits, shift, words, block, out), RowBlocks.blocks(matrix.rows()));
        return out;
    }

    private static void planeBlock(
            Matrix.Quantized matrix, int bits, int shift, int words, int block, MemorySegment out) {
        for (var lane = 0; lane < lanes(matrix.rows(), block); lane++) {
            var row = block * Lanes.COUNT + lane;
            var to = ((long) block * words * Lanes.COUNT + lane) * Integer.BYTES;
            var from = (long) row * matrix.packedRowBytes();
            if (bits == matrix.bits()) {
                copyWords(matrix.packed(), from, words, out, to);
            } else {
                for (var word = 0; word < words; word++) {
                    out.set(INT, to + (long) word * Lanes.BYTES, gather(matrix, from, bits, shift, word));
                }
            }
        }
    }

    private static void copyWords(MemorySegment packed, long from, int words, MemorySegment out, long to) {
        for (var word = 0; word < words; word++) {
            out.set(INT, to + (long) word * Lanes.BYTES, packed.get(INT, from + (long) word * Integer.BYTES));
        }
    }

    /// One word of a plane: the bits `shift .. shift + bits - 1` of as many consecutive values.
    private static int gather(Matrix.Quantized matrix, long rowStart, int bits, int shift, int word) {
        var values = Integer.SIZE / bits;
        var result = 0;
        for (var j = 0; j < values; j++) {
            var bit = (word * values + j) * matrix.bits() + shift;
            var at = rowStart + (long) (bit >>> 5) * Integer.BYTES;
            var value = matrix.packed().get(INT, at) >>> (bit & 31);
            if ((bit & 31) + bits > Integer.SIZE) {
                value |= matrix.packed().get(INT, at + Integer.BYTES) << (Integer.SIZE - (bit & 31));
            }
            result |= (value & ((1 << bits) - 1)) << (j * bits);
        }
        return result;
    }

    /// `[rows][cols]` elements as `[block][column][lane]`.
    private MemorySegment elements(MemorySegment source, DType type, int rows, int cols, Arena arena) {
        var out = allocate(rows, (long) cols * type.byteSize(), arena);
        pool.run((_, block) -> elementBlock(source, type, rows, cols, block, out), RowBlocks.blocks(rows));
        giveBack(source);
        return out;
    }

    private static void elementBlock(
            MemorySegment source, DType type, int rows, int cols, int block, MemorySegment out) {
        for (var lane = 0; lane < lanes(rows, block); lane++) {
            var from = ((long) block * Lanes.COUNT + lane) * cols;
            var to = (long) block * cols * Lanes.COUNT + lane;
            if (type == DType.F32) {
                for (var c = 0; c < cols; c++) {
                    var value = source.get(INT, (from + c) * Integer.BYTES);
                    out.set(INT, (to + (long) c * Lanes.COUNT) * Integer.BYTES, value);
                }
            } else {
                for (var c = 0; c < cols; c++) {
                    var value = source.get(SHORT, (from + c) * Short.BYTES);
                    out.set(SHORT, (to + (long) c * Lanes.COUNT) * Short.BYTES, value);
                }
            }
        }
    }

    private static void giveBack(MemorySegment source) {
        if (source.isMapped()) {
            source.unload();
        }
    }

    private MemorySegment allocate(int rows, long rowBytes, Arena arena) {
        return memory.take(RowBlocks.blocks(rows) * rowBytes * Lanes.COUNT, arena);
    }

    private static int lanes(int rows, int block) {
        return Math.min(Lanes.COUNT, rows - block * Lanes.COUNT);
    }
}
