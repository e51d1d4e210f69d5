package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/// The activations of a few tokens as [ShortFewTokens] wants them: 16-bit integers in pairs, with a scale for each
/// token and up to 64 columns.
///
/// A pair is the activations of columns `k` (low half) and `k + 4` (high half) of a word's eight, and products of
/// either half are added up on their own. The scale makes the absolute values of each half of its columns add up to
/// 4095 at most, so that their products with weights of -8 .. 7 add up within 16 bits whatever the signs, as in
/// [ShortInput]. Sums of the activations themselves, by group, are not quantized. An activation that is no number makes
/// all results of its token no numbers.
///
/// Tokens that the last tile has too much are zero. Remembers what it holds; [#forget] must be called when tensors may
/// have changed. Filled by the pool; engine thread, workers inside.
final class ShortFewInput implements WorkerPool.Task {
    private static final int WIDTH = ShortFewTokens.TOKENS;

    /// Half of the eight columns of a word, whatever the width of the kernels.
    private static final VectorSpecies<Float> HALF_WORD = FloatVector.SPECIES_128;

    private static final VectorSpecies<Integer> HALF_WORD_INTS = IntVector.SPECIES_128;

    /// Columns in a unit of work, which is all tokens of a tile: their integers share cache lines. Whole groups of
    /// every size.
    private static final int UNIT = 1024;

    /// Units from which on threads share them; fewer take less time than a parallel region takes to start.
    private static final int SHARED = 4;

    /// Columns of the longest sum.
    private static final int MOST_COLUMNS = 64;

    /// What the absolute values of half of the columns add up to before they are rounded: 4095 without the 32 halves
    /// that rounding may add.
    private static final float ABSOLUTE_SUM = 4095 - 16;

    private final WorkerPool pool;
    private int[] pairs = new int[0];
    private int[] starts = new int[0];
    private float[] scales = new float[0];
    private float[] sums = new float[0];
    private CpuTensor x = new CpuTensor();
    private int tokens;
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

    private void resize() {
        if (pairs.length < tiles() * WIDTH * cols / 2) {
            pairs = new int[tiles() * WIDTH * cols / 2];
        }
        var room = tiles() * scalesOfTile();
        if (scales.length < room) {
            scales = new float[room];
            starts = new int[room];
            sums = new float[room];
        }
    }

    int tiles() {
        return Math.ceilDiv(tokens, WIDTH);
    }

    /// `[tile][word][token][pair]`.
    int[] pairs() {
        return pairs;
    }

    int pairsAt(int tile) {
        return tile * WIDTH * cols / 2;
    }

    /// What is added to sums, a pair each, in the order of [#scales].
    int[] starts() {
        return starts;
    }

    /// Steps of the integers, `[tile][sum][token]`.
    float[] scales() {
        return scales;
    }

    int scalesAt(int tile) {
        return tile * scalesOfTile();
    }

    private int scalesOfTile() {
        return WIDTH * (cols / columns(groupSize));
    }

    /// Sums of activations, `[tile][group][token]`.
    float[] sums() {
        return sums;
    }

    int sumsAt(int tile) {
        return tile * WIDTH * (cols / groupSize);
    }

    @Override
    public void run(int worker, int unit) {
        var stretches = Math.ceilDiv(cols, UNIT);
        var tile = unit / stretches;
        var from = unit % stretches * UNIT;
        var end = Math.min(cols, from + UNIT);
        for (var lane = 0; lane < WIDTH; lane++) {
            arrange(tile, lane, from, end);
        }
    }

    /// The columns `from .. end - 1` of the token in `lane` of a tile.
    private void arrange(int tile, int lane, int from, int end) {
        var token = tile * WIDTH + lane;
        var step = columns(groupSize);
        for (var col = from; col < end; col += step) {
            var at = scalesAt(tile) + col / step * WIDTH + lane;
            var pairAt = pairsAt(tile) + col / 2 * WIDTH + lane * ShortFewTokens.PAIRS;
            var group = sumsAt(tile) + col / groupSize * WIDTH + lane;
            if (col % groupSize == 0) {
                sums[group] = 0;
            }
            if (token < tokens) {
                sums[group] += quantize(x.rowOffset(token) + col, step, at, pairAt) * factor;
            } else {
                clear(step, at, pairAt);
            }
        }
    }

    private void clear(int count, int at, int pairAt) {
        scales[at] = 0;
        starts[at] = 0;
        for (var i = 0; i < count / 8; i++) {
            for (var k = 0; k < ShortFewTokens.PAIRS; k++) {
                pairs[pairAt + i * WIDTH * ShortFewTokens.PAIRS + k] = 0;
            }
        }
    }

    /// Quantizes `count` activations from element `from` of the tensor; returns their sum.
    private float quantize(int from, int count, int at, int pairAt) {
        var values = x.data();
        var sum = FloatVector.zero(HALF_WORD);
        var lowSizes = FloatVector.zero(HALF_WORD);
        var highSizes = FloatVector.zero(HALF_WORD);
        for (var i = from; i < from + count; i += 8) {
            var low = FloatVector.fromArray(HALF_WORD, values, i);
            var high = FloatVector.fromArray(HALF_WORD, values, i + 4);
            sum = sum.add(low).add(high);
            lowSizes = lowSizes.add(low.lanewise(VectorOperators.ABS));
            highSizes = highSizes.add(high.lanewise(VectorOperators.ABS));
        }
        var largest = Math.max(lowSizes.reduceLanes(VectorOperators.ADD), highSizes.reduceLanes(VectorOperators.ADD));
        var inverse = largest < ShortInput.TINY ? 0 : ABSOLUTE_SUM / largest;
        var lowSum = IntVector.zero(HALF_WORD_INTS);
        var highSum = IntVector.zero(HALF_WORD_INTS);
        for (var i = 0; i < count; i += 8) {
            var low = round(FloatVector.fromArray(HALF_WORD, values, from + i), inverse);
            var high = round(FloatVector.fromArray(HALF_WORD, values, from + i + 4), inverse);
            lowSum = lowSum.add(low);
            highSum = highSum.add(high);
            low.and(0xFFFF).or(high.lanewise(VectorOperators.LSHL, 16)).intoArray(pairs, pairAt + i / 2 * WIDTH);
        }
        scales[at] = largest / ABSOLUTE_SUM * factor;
        var low = -8 * lowSum.reduceLanes(VectorOperators.ADD);
        var high = -8 * highSum.reduceLanes(VectorOperators.ADD);
        starts[at] = (low & 0xFFFF) | (high << 16);
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /// The integers in the lower halves of the lanes.
    private static IntVector round(FloatVector values, float inverse) {
        return values.mul(inverse).add(ShortInput.ROUND).reinterpretAsInts();
    }
}
