package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/// The activations of one token or a few as [ShortMatVec] and [ShortFewTokens] want them: 16-bit integers in
/// pairs, with a scale for each token and up to 64 columns.
///
/// A pair is the activations of columns `k` (low half) and `k + 4` (high half) of a word's eight, and products
/// of either half are added up on their own. The scale makes the absolute values of each half of its columns
/// add up to 4095 at most, so that their products with weights of -8 .. 7 add up within 16 bits whatever the
/// signs, as in [ShortInput]. Sums of the activations themselves are not quantized. An activation that is no
/// number makes all results of its token no numbers.
///
/// All of it is one array of ints, in the order in which it is read: for each tile of four tokens, or of the only
/// one, for each sum, `starts[token], pairs[word][token][pair], scales[token], sums[token]`, the last two as bits of
/// floats.
///
/// Tokens that the last tile has too much are zero. Remembers what it holds; [#forget] must be called when
/// tensors may have changed. Filled by the pool; engine thread, workers inside.
final class ShortFewInput implements WorkerPool.Task {
    /// Half of the eight columns of a word, whatever the width of the kernels.
    private static final VectorSpecies<Float> HALF_WORD = FloatVector.SPECIES_128;

    private static final VectorSpecies<Integer> HALF_WORD_INTS = IntVector.SPECIES_128;

    /// Columns in a unit of work, which is all tokens of a tile: their integers share cache lines. Whole groups
    /// of every size.
    private static final int UNIT = 1024;

    /// Units from which on threads share them; fewer take less time than a parallel region takes to start.
    private static final int SHARED = 4;

    /// Columns of the longest sum.
    private static final int MOST_COLUMNS = 64;

    /// What the absolute values of half of the columns add up to before they are rounded: 4095 without the 32
    /// halves that rounding may add.
    private static final float ABSOLUTE_SUM = 4095 - 16;

    private final WorkerPool pool;
    private int[] records = new int[0];
    private CpuTensor x = new CpuTensor();
    private int tokens;

    /// Tokens of a tile.
    private int width = ShortFewTokens.TOKENS;

    private int cols;
    private int groupSize;
    private float factor;
    private @Nullable CpuTensor tensor;
    private @Nullable DType type;

    ShortFewInput(WorkerPool pool) {
        this.pool = pool;
    }

    /// Columns that share a scale, and half of whose products make up a sum.
    static int columns(int groupSize) {
        return Math.min(MOST_COLUMNS, groupSize);
    }

    /// Quantizes the rows of `rows` for weights like `weight`.
    void prepare(CpuTensor rows, RowBlocks.Quantized weight) {
        if (rows == tensor && weight.groupSize() == groupSize && weight.scaleType() == type) {
            return;
        }
        tensor = rows;
        x = rows;
        tokens = rows.rows();
        width = tokens == 1 ? 1 : ShortFewTokens.TOKENS;
        cols = rows.cols();
        groupSize = weight.groupSize();
        type = weight.scaleType();
        factor = HalfFormat.of(weight.scaleType()).inFactor;
        resize();
        var units = tiles() * Math.ceilDiv(cols, UNIT);
        if (units < SHARED) {
            for (var unit = 0; unit < units; unit++) {
                run(0, unit);
            }
        } else {
            pool.run(this, units);
        }
    }

    /// Says that tensors were given back or written to.
    void forget() {
        tensor = null;
    }

    /// The kernel reads the starts behind the last record too.
    private void resize() {
        var room = recordsAt(tiles()) + width;
        if (records.length < room) {
            records = new int[room];
        }
    }

    /// Tokens of a tile: 1 where there is no other.
    int width() {
        return width;
    }

    int tiles() {
        return Math.ceilDiv(tokens, width);
    }

    int[] records() {
        return records;
    }

    /// Where the first record of a tile begins.
    int recordsAt(int tile) {
        return recordsAt(tile, 0);
    }

    /// Where the record of a tile begins that has the column `col`, the first of a group.
    int recordsAt(int tile, int col) {
        var step = columns(groupSize);
        return (tile * (cols / step) + col / step) * recordInts(step);
    }

    /// Ints of a record, which has `columns` columns of each token.
    int recordInts(int columns) {
        return width + width * columns / 2 + 2 * width;
    }

    @Override
    public void run(int worker, int unit) {
        var stretches = Math.ceilDiv(cols, UNIT);
        var tile = unit / stretches;
        var from = unit % stretches * UNIT;
        var end = Math.min(cols, from + UNIT);
        for (var lane = 0; lane < width; lane++) {
            arrange(tile, lane, from, end);
        }
    }

    /// The columns `from .. end - 1` of the token in `lane` of a tile.
    private void arrange(int tile, int lane, int from, int end) {
        var token = tile * width + lane;
        var step = columns(groupSize);
        var record = recordsAt(tile) + from / step * recordInts(step);
        for (var col = from; col < end; col += step) {
            if (token < tokens) {
                quantize(x.rowOffset(token) + col, step, record, lane);
            } else {
                clear(step, record, lane);
            }
            record += recordInts(step);
        }
    }

    private void clear(int count, int record, int lane) {
        records[record + lane] = 0;
        var at = record + width + lane * ShortFewTokens.PAIRS;
        for (var i = 0; i < count; i += ShortFewTokens.COLUMNS) {
            Arrays.fill(records, at, at + ShortFewTokens.PAIRS, 0);
            at += width * ShortFewTokens.PAIRS;
        }
        var scale = scaleAt(count, record, lane);
        records[scale] = 0;
        records[scale + width] = 0;
    }

    /// The scale of a record's token in `lane`; its sum lies [#width] behind.
    private int scaleAt(int count, int record, int lane) {
        return record + width + width * count / 2 + lane;
    }

    /// Quantizes `count` activations from element `from` of the tensor.
    ///
    /// By `lanewise` of two vectors alone, since these are narrower than those of the kernels ([Lanes]).
    private void quantize(int from, int count, int record, int lane) {
        var values = x.data();
        var sum = FloatVector.zero(HALF_WORD);
        var lowSizes = FloatVector.zero(HALF_WORD);
        var highSizes = FloatVector.zero(HALF_WORD);
        for (var i = from; i < from + count; i += ShortFewTokens.COLUMNS) {
            var low = FloatVector.fromArray(HALF_WORD, values, i);
            var high = FloatVector.fromArray(HALF_WORD, values, i + ShortFewTokens.PAIRS);
            sum = low.lanewise(VectorOperators.ADD, high).lanewise(VectorOperators.ADD, sum);
            lowSizes = low.lanewise(VectorOperators.ABS).lanewise(VectorOperators.ADD, lowSizes);
            highSizes = high.lanewise(VectorOperators.ABS).lanewise(VectorOperators.ADD, highSizes);
        }
        var largest = Math.max(lowSizes.reduceLanes(VectorOperators.ADD), highSizes.reduceLanes(VectorOperators.ADD));
        var inverse = FloatVector.broadcast(HALF_WORD, largest < ShortInput.TINY ? 0 : ABSOLUTE_SUM / largest);
        var lowSum = IntVector.zero(HALF_WORD_INTS);
        var highSum = IntVector.zero(HALF_WORD_INTS);
        var lowHalf = IntVector.broadcast(HALF_WORD_INTS, 0xFFFF);
        var toUpperHalf = IntVector.broadcast(HALF_WORD_INTS, 1 << 16);
        var at = record + width + lane * ShortFewTokens.PAIRS;
        for (var i = from; i < from + count; i += ShortFewTokens.COLUMNS) {
            var low = round(FloatVector.fromArray(HALF_WORD, values, i), inverse);
            var high = round(FloatVector.fromArray(HALF_WORD, values, i + ShortFewTokens.PAIRS), inverse);
            lowSum = low.lanewise(VectorOperators.ADD, lowSum);
            highSum = high.lanewise(VectorOperators.ADD, highSum);
            low.lanewise(VectorOperators.AND, lowHalf)
                    .lanewise(VectorOperators.OR, high.lanewise(VectorOperators.MUL, toUpperHalf))
                    .intoArray(records, at);
            at += width * ShortFewTokens.PAIRS;
        }
        var low = -8 * lowSum.reduceLanes(VectorOperators.ADD);
        var high = -8 * highSum.reduceLanes(VectorOperators.ADD);
        records[record + lane] = (low & 0xFFFF) | (high << 16);
        var scale = scaleAt(count, record, lane);
        records[scale] = Float.floatToRawIntBits(largest / ABSOLUTE_SUM * factor);
        records[scale + width] = Float.floatToRawIntBits(sum.reduceLanes(VectorOperators.ADD) * factor);
    }

    /// The integers in the lower halves of the lanes.
    private static IntVector round(FloatVector values, FloatVector inverse) {
        return (IntVector) values.lanewise(VectorOperators.MUL, inverse)
                .lanewise(VectorOperators.ADD, FloatVector.broadcast(HALF_WORD, ShortInput.ROUND))
                .reinterpretShape(HALF_WORD_INTS, 0);
    }
}
