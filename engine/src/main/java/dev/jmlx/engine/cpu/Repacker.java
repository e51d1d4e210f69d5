package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.IntConsumer;

/// Turns a checkpoint's matrices into [RowBlocks], once, while a model loads.
///
/// The copy takes the place of the file's pages: they are given back to the system every [#PORTION_BYTES], so
/// that a loading model needs little more than its own size. Engine's loading thread; blocks are spread over
/// the pool.
final class Repacker {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final long PORTION_BYTES = 16L << 20;

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
            case Matrix.Quantized quantized
            when quantized.mode() == QuantizationMode.AFFINE -> quantized(quantized, arena);
            case Matrix.Quantized microscaled -> microscaled(microscaled, arena);
            case Matrix.Prepared _ -> throw new IllegalArgumentException("the weight was prepared before");
        };
    }

    private RowBlocks dense(Matrix.Dense matrix, Arena arena) {
        var data = elements(matrix.data(), matrix.dtype(), matrix.rows(), matrix.cols(), arena);
        return new RowBlocks.Dense(data, matrix.dtype(), matrix.rows(), matrix.cols());
    }

    private RowBlocks quantized(Matrix.Quantized matrix, Arena arena) {
        var out = RowBlocks.Quantized.allocate(
                matrix.bits(),
                matrix.groupSize(),
                matrix.scaleType(),
                matrix.rows(),
                matrix.cols(),
                bytes -> memory.take(bytes, arena));
        inPortions(matrix.packed(), out.blocks(), block -> quantizedBlock(matrix, out, block));
        giveBack(matrix.scales());
        giveBack(matrix.biases());
        return out;
    }

    private RowBlocks microscaled(Matrix.Quantized matrix, Arena arena) {
        var out = RowBlocks.Microscaled.allocate(
                MicroscaledFormat.of(matrix.mode()),
                matrix.rows(),
                matrix.cols(),
                matrix.factor(),
                bytes -> memory.take(bytes, arena));
        inPortions(matrix.packed(), out.blocks(), block -> microscaledBlock(matrix, out, block));
        giveBack(matrix.scales());
        return out;
    }

    private static void microscaledBlock(Matrix.Quantized matrix, RowBlocks.Microscaled out, int block) {
        for (var lane = 0; lane < lanes(matrix.rows(), block); lane++) {
            var row = (long) block * Lanes.COUNT + lane;
            for (var group = 0; group < matrix.groups(); group++) {
                var words = row * matrix.packedRowBytes() + (long) group * out.words() * Integer.BYTES;
                var to = out.recordAt(block, group) + (long) lane * Integer.BYTES;
                copyWords(matrix.packed(), words, out.words(), out.data(), to);
                var scale = matrix.scales().get(ValueLayout.JAVA_BYTE, row * matrix.groups() + group);
                out.data().set(ValueLayout.JAVA_BYTE, out.scalesAt(block, group) + lane, scale);
            }
        }
    }

    private static void quantizedBlock(Matrix.Quantized matrix, RowBlocks.Quantized out, int block) {
        for (var lane = 0; lane < lanes(matrix.rows(), block); lane++) {
            var row = block * Lanes.COUNT + lane;
            for (var group = 0; group < matrix.groups(); group++) {
                for (var plane : out.planes()) {
                    words(matrix, row, group, plane, out.data(), out.recordAt(block, group) + plane.offset(), lane);
                }
                var from = (long) row * matrix.groups() + group;
                copyElement(matrix.scales(), from, out.data(), out.scalesAt(block, group) + lane, out.scaleType());
                copyElement(matrix.biases(), from, out.data(), out.biasesAt(block, group) + lane, out.scaleType());
            }
        }
    }

    /// Writes one row's words of one group to a lane.
    private static void words(
            Matrix.Quantized matrix,
            int row,
            int group,
            RowBlocks.Plane plane,
            MemorySegment out,
            long record,
            int lane) {
        var from = (long) row * matrix.packedRowBytes();
        var words = matrix.groupSize() / plane.values();
        var to = record + (long) lane * Integer.BYTES;
        if (plane.bits() == matrix.bits()) {
            copyWords(matrix.packed(), from + (long) group * words * Integer.BYTES, words, out, to);
            return;
        }
        for (var word = 0; word < words; word++) {
            var value = gather(matrix, from, plane.bits(), plane.shift(), group * words + word);
            out.set(INT, to + (long) word * Lanes.BYTES, value);
        }
    }

    private static void copyElement(MemorySegment source, long from, MemorySegment out, long to, DType type) {
        if (type == DType.F32) {
            out.set(INT, to * Integer.BYTES, source.get(INT, from * Integer.BYTES));
        } else {
            out.set(SHORT, to * Short.BYTES, source.get(SHORT, from * Short.BYTES));
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
        var out = memory.take((long) RowBlocks.blocks(rows) * Lanes.COUNT * cols * type.byteSize(), arena);
        inPortions(source, RowBlocks.blocks(rows), block -> elementBlock(source, type, rows, cols, block, out));
        return out;
    }

    private static void elementBlock(
            MemorySegment source, DType type, int rows, int cols, int block, MemorySegment out) {
        for (var lane = 0; lane < lanes(rows, block); lane++) {
            var from = ((long) block * Lanes.COUNT + lane) * cols;
            var to = (long) block * cols * Lanes.COUNT + lane;
            for (var c = 0; c < cols; c++) {
                copyElement(source, from + c, out, to + (long) c * Lanes.COUNT, type);
            }
        }
    }

    /// Copies all blocks of rows, in order; `source` is what they are mostly read from.
    private void inPortions(MemorySegment source, int blocks, IntConsumer copy) {
        var portion = Math.clamp(PORTION_BYTES * blocks / Math.max(1, source.byteSize()), 1, blocks);
        for (var first = 0; first < blocks; first += portion) {
            var start = first;
            var end = Math.min(blocks, first + portion);
            pool.run((_, block) -> copy.accept(start + block), end - start);
            var from = source.byteSize() * start / blocks;
            giveBack(source.asSlice(from, source.byteSize() * end / blocks - from));
        }
    }

    private static void giveBack(MemorySegment source) {
        if (source.isMapped()) {
            source.unload();
        }
    }

    private static int lanes(int rows, int block) {
        return Math.min(Lanes.COUNT, rows - block * Lanes.COUNT);
    }
}
