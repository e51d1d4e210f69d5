package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/// A weight matrix in the layout of the CPU kernels: rows in blocks of [Lanes#COUNT], one row to a lane.
///
/// A vector of weights then holds the same column of consecutive rows. The kernels read memory in one sequence,
/// meet activations as broadcasts, which need neither an order of their own nor alignment, and never sum across
/// a vector. On the checkpoint's own layout a row of a few hundred columns is over before a loop has paid for
/// its start: the matrix-vector product reached a quarter of the memory bandwidth there, and most of it here.
///
/// Rows that fill up the last block are zero. Made by [Repacker]; immutable; any thread.
sealed interface RowBlocks extends Matrix.Prepared {
    /// Row blocks whose parts lie together. With 8 and with 32, four tokens took 1.05 times as long (parts of up
    /// to 1,536 columns).
    int BAND = 16;

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
            case Microscaled microscaled -> microscaled.format().groupSize;
        };
        return panelCols(cols(), group);
    }

    /// Stretches of columns that lie in memory one after the other, each with all row blocks of a band.
    default int parts() {
        return this instanceof Quantized quantized ? Math.ceilDiv(cols(), quantized.partCols) : 1;
    }

    /// The end of the band that has `block`.
    default int bandEnd(int block) {
        return Math.min(blocks(), parts() == 1 ? blocks() : (block / BAND + 1) * BAND);
    }

    private static int panelCols(int cols, int group) {
        var panels = Math.ceilDiv(cols, Panel.DEPTH);
        return Math.ceilDiv(Math.ceilDiv(cols, panels), group) * group;
    }

    /// A matrix of zeros in the format of `like`, in memory from `allocate`, which takes a number of
    /// bytes. `cols` is a multiple of the group size.
    static RowBlocks zeros(RowBlocks like, int rows, int cols, LongFunction<MemorySegment> allocate) {
        return switch (like) {
            case Dense dense -> {
                var bytes = (long) blocks(rows) * Lanes.COUNT * cols * dense.type.byteSize();
                yield new Dense(allocate.apply(bytes), dense.type, rows, cols);
            }
            case Quantized quantized ->
                Quantized.allocate(quantized.bits, quantized.groupSize, quantized.scaleType, rows, cols, allocate);
            case Microscaled microscaled ->
                Microscaled.allocate(microscaled.format, rows, cols, microscaled.factor, allocate);
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
    /// `data` is `[band][part][block][group]` of records: the words of each plane `[word][lane]` of 32 bits, then
    /// the scales `[lane]`, then the biases `[lane]` of `scaleType`. So a kernel reads one stream; with words,
    /// scales and biases in three, decoding took a fifth longer.
    ///
    /// Parts are stretches of `partCols` columns, the last one perhaps shorter: the activations of four tokens
    /// for so many stay in the L1. Bands are [#BAND] row blocks: without them, each part with all row blocks, one
    /// token reads the parts of few blocks, far apart, and took 1.3 times as long.
    record Quantized(
            MemorySegment data,
            List<Plane> planes,
            DType scaleType,
            int rows,
            int cols,
            int bits,
            int groupSize,
            int partCols)
            implements RowBlocks {

        /// Most columns of a matrix in one part: in two, one token took 1.1 times as long with 1,536 columns.
        private static final int ONE_PART_COLS = 1536;

        /// Most columns of a part of several. As 16-bit integers the activations of four tokens take 9 kB then;
        /// the 13 kB of 1,536 columns do not stay in an L1 of 32 kB while weights pass through: four tokens
        /// against 8,192 columns took 1.1 times as long, one token did not.
        private static final int MOST_PART_COLS = 1024;

        /// Weights that are still to be filled in, in zeroed memory from `memory`, which takes a number of
        /// bytes.
        static Quantized allocate(
                int bits, int groupSize, DType scaleType, int rows, int cols, LongFunction<MemorySegment> memory) {
            var planes = new ArrayList<Plane>();
            var shift = 0;
            for (var width : planeBits(bits)) {
                planes.add(new Plane(width, shift, wordBytes(groupSize, shift)));
                shift += width;
            }
            var records = (long) RowBlocks.blocks(rows) * (cols / groupSize);
            var data = memory.apply(records * recordBytes(groupSize, bits, scaleType));
            return new Quantized(
                    data,
                    List.copyOf(planes),
                    scaleType,
                    rows,
                    cols,
                    bits,
                    groupSize,
                    partCols(cols, RowBlocks.panelCols(cols, groupSize)));
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

        /// Whole panels, so that no panel is in two parts, and about as many in each part.
        private static int partCols(int cols, int panelCols) {
            var panels = Math.ceilDiv(cols, panelCols);
            var parts = cols <= ONE_PART_COLS ? 1 : Math.ceilDiv(cols, MOST_PART_COLS);
            return Math.ceilDiv(panels, parts) * panelCols;
        }

        private static int wordBytes(int groupSize, int bits) {
            return groupSize * bits / Integer.SIZE * Lanes.BYTES;
        }

        int groups() {
            return cols / groupSize;
        }

        /// The first column of a part.
        int firstCol(int part) {
            return part * partCols;
        }

        /// The first group of a part.
        int firstGroup(int part) {
            return part * partCols / groupSize;
        }

        /// Columns of a part.
        int cols(int part) {
            return Math.min(partCols, cols - firstCol(part));
        }

        /// Bytes of one block's group.
        int recordBytes() {
            return recordBytes(groupSize, bits, scaleType);
        }

        private static int recordBytes(int groupSize, int bits, DType scaleType) {
            return wordBytes(groupSize, bits) + 2 * Lanes.COUNT * scaleType.byteSize();
        }

        /// Byte at which the record of a group begins.
        long recordAt(int block, int group) {
            var partGroups = partCols / groupSize;
            var firstGroup = group / partGroups * partGroups;
            var inPart = Math.min(partGroups, groups() - firstGroup);
            var firstBlock = block / BAND * BAND;
            var inBand = Math.min(BAND, blocks() - firstBlock);
            var record = firstGroup * inBand + (block - firstBlock) * inPart + group - firstGroup;
            return ((long) firstBlock * groups() + record) * recordBytes();
        }

        /// Bytes of a plane's words in a record.
        int wordBytes(Plane plane) {
            return wordBytes(groupSize, plane.bits);
        }

        /// Byte of a record at which the scales begin.
        int scalesOffset() {
            return wordBytes(groupSize, bits);
        }

        /// Element of `scaleType`, counted through `data`, at which the scales of a group begin.
        long scalesAt(int block, int group) {
            return (recordAt(block, group) + scalesOffset()) / scaleType.byteSize();
        }

        /// Element of `scaleType`, counted through `data`, at which the biases of a group begin.
        long biasesAt(int block, int group) {
            return scalesAt(block, group) + Lanes.COUNT;
        }

        /// Byte of the word of `plane` that holds column `col`, the first of a word.
        long wordAt(Plane plane, int block, int col) {
            var inGroup = col % groupSize / plane.values();
            return recordAt(block, col / groupSize) + plane.offset + (long) inGroup * Lanes.BYTES;
        }

        @Override
        public long byteSize() {
            return data.byteSize();
        }
    }

    /// Weights of the float modes, `factor * scale * code`.
    ///
    /// `data` is `[block][group]` of records: the codes `[word][lane]` in words of 32 bits, then the scales
    /// `[lane]`, a byte each, both as the checkpoint has them.
    record Microscaled(MemorySegment data, MicroscaledFormat format, int rows, int cols, float factor)
            implements RowBlocks {

        /// Weights that are still to be filled in, in zeroed memory from `memory`, which takes a number of
        /// bytes.
        static Microscaled allocate(
                MicroscaledFormat format, int rows, int cols, float factor, LongFunction<MemorySegment> memory) {
            var records = (long) RowBlocks.blocks(rows) * (cols / format.groupSize);
            // The last scales are read as a whole vector.
            var rest = Lanes.QUARTER.vectorByteSize() - Lanes.COUNT;
            var data = memory.apply(records * recordBytes(format) + rest);
            return new Microscaled(data, format, rows, cols, factor);
        }

        int groups() {
            return cols / format.groupSize;
        }

        /// Byte at which the record of a group begins.
        long recordAt(int block, int group) {
            return ((long) block * groups() + group) * recordBytes(format);
        }

        /// Byte at which the scales of a group begin.
        long scalesAt(int block, int group) {
            return recordAt(block, group) + (long) words() * Lanes.BYTES;
        }

        /// Words of a lane in a record.
        int words() {
            return words(format);
        }

        private static int words(MicroscaledFormat format) {
            return format.groupSize / format.perWord();
        }

        private static int recordBytes(MicroscaledFormat format) {
            return words(format) * Lanes.BYTES + Lanes.COUNT;
        }

        @Override
        public long byteSize() {
            return data.byteSize();
        }
    }

    /// `bits` bits (1, 2, 4 or 8) of each quantized value, from its bit `shift` on: widths that do not
    /// divide a word are split into two planes that do.
    ///
    /// Its words begin at byte `offset` of a record; value `j` of a word, counted from its lowest bits, is
    /// the group's column `word * 32 / bits + j`.
    record Plane(int bits, int shift, int offset) {
        /// Values in a word.
        int values() {
            return Integer.SIZE / bits;
        }
    }
}
