package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;

/// Activations of some tokens for [ShortGemm]: 16-bit integers in tiles of tokens, with a scale for each token
/// and block of 64 columns, or of 32 where the weights' groups have no more.
///
/// The scale makes the absolute values of a block's integers add up to 4095 at most, so that their products
/// with weights of -8 .. 7 add up within 16 bits whatever the signs. Where activations are even, that leaves a
/// step 1.5 times as fine as the usual 8 bits for 32 columns (3 times in blocks of 32), and many times where
/// one stands out.
///
/// Tiles are those of [FloatInput]. Values are `[col][token]`, each an int that holds the value in both halves,
/// because a broadcast of 32 bits is part of a load and one of 16 bits is not. Scales are `[col /
/// block][token]`. Sums of the activations themselves, `[col / groupSize][token]`, are for the weights' biases:
/// they are not quantized, as that would only add the error of their rounding. An activation that is no number
/// makes all results of its token no numbers.
///
/// Tiles are filled by several threads, one each, before kernels read them.
final class ShortInput {
    /// What the absolute values of a block's integers add up to before they are rounded: 4095 without the 64
    /// halves that rounding may add.
    private static final float ABSOLUTE_SUM = 4095 - ShortTile.MOST_BLOCK / 2;

    /// The smallest sum of activations that is told from zero: its reciprocal is a normal number.
    static final float TINY = 1e-30f;

    /// Added to a float of small size it leaves the nearest integer in the low bits, in one
    /// instruction.
    static final float ROUND = 0x1.8p23f;

    /// A step of the integers, over 2^16: [ShortTile#scale] takes its sums where they lie, in upper
    /// halves.
    private static final float STEP = 0x1p-16f / ABSOLUTE_SUM;

    private static final VectorShuffle<Float> HALF = rotation(Lanes.COUNT / 2);
    private static final VectorShuffle<Float> QUARTER = rotation(Lanes.COUNT / 4);

    private int[] values = new int[0];
    private float[] scales = new float[0];
    private float[] sums = new float[0];
    private int tokens;
    private int cols;
    private int groupSize;
    private int block;

    /// Makes room for `tokens` rows of `cols` activations, to meet weights in groups of `groupSize`.
    void resize(int tokens, int cols, int groupSize) {
        this.tokens = tokens;
        this.cols = cols;
        this.groupSize = groupSize;
        block = Math.min(groupSize, ShortTile.MOST_BLOCK);
        var room = tiles() * (FloatInput.WIDTH * cols / ShortTile.LEAST_BLOCK + Lanes.COUNT);
        if (scales.length < room) {
            scales = new float[room];
            sums = new float[room];
        }
        if (values.length < tiles() * FloatInput.WIDTH * cols) {
            values = new int[tiles() * FloatInput.WIDTH * cols];
        }
    }

    int tokens() {
        return tokens;
    }

    int tiles() {
        return Math.ceilDiv(tokens, FloatInput.WIDTH);
    }

    /// Tokens in tile `tile`: 8 or 4.
    int width(int tile) {
        return FloatInput.width(tokens, tile);
    }

    /// Columns that share a scale, and one 16-bit sum.
    int block() {
        return block;
    }

    int[] values() {
        return values;
    }

    int valuesAt(int tile, int col) {
        return tile * FloatInput.WIDTH * cols + col * width(tile);
    }

    float[] scales() {
        return scales;
    }

    /// A vector lies between tiles: the last store of a tile is a whole vector too.
    int scalesAt(int tile, int col) {
        var room = FloatInput.WIDTH * cols / block + Lanes.COUNT;
        return tile * room + col / block * width(tile);
    }

    float[] sums() {
        return sums;
    }

    int sumsAt(int tile) {
        return tile * (FloatInput.WIDTH * cols / groupSize + Lanes.COUNT);
    }

    /// Quantizes the tokens of tile `tile` of `x`, whose token `t` begins at `start + t * stride`; `floats` is
    /// scratch memory of the caller.
    void quantize(float[] x, int start, int stride, int tile, FloatInput floats) {
        var first = tile * FloatInput.WIDTH;
        floats.resize(Math.min(tokens - first, FloatInput.WIDTH), cols);
        floats.pack(x, start + first * stride, stride, 0);
        var width = width(tile);
        for (var lane = 0; lane < width; lane += Lanes.COUNT) {
            for (var col = 0; col < cols; col += block) {
                quantizeBlock(
                        floats, col * width + lane, valuesAt(tile, col) + lane, scalesAt(tile, col) + lane, width);
            }
            for (var col = 0; col < cols; col += groupSize) {
                sumGroup(floats, col * width + lane, sumsAt(tile) + col / groupSize * width + lane, width);
            }
        }
    }

    /// Lanes are tokens, and columns too where a vector is wider than a tile.
    private void quantizeBlock(FloatInput floats, int from, int to, int scalesAt, int width) {
        var x = floats.values();
        var step = Lanes.COUNT >= 8 ? Lanes.COUNT : width;
        var steps = block * width / step;
        var sum = FloatVector.zero(Lanes.FLOAT);
        for (var i = 0; i < steps; i++) {
            sum = sum.add(FloatVector.fromArray(Lanes.FLOAT, x, from + i * step).lanewise(VectorOperators.ABS));
        }
        if (Lanes.COUNT > width) {
            sum = sum.add(sum.rearrange(HALF));
        }
        if (Lanes.COUNT > 2 * width) {
            sum = sum.add(sum.rearrange(QUARTER));
        }
        sum.mul(STEP).intoArray(scales, scalesAt);
        var inverse = FloatVector.broadcast(Lanes.FLOAT, ABSOLUTE_SUM)
                .div(sum)
                .blend(0, sum.compare(VectorOperators.LT, TINY));
        for (var i = 0; i < steps; i++) {
            var bits = FloatVector.fromArray(Lanes.FLOAT, x, from + i * step)
                    .mul(inverse)
                    .add(ROUND)
                    .reinterpretAsInts();
            bits.lanewise(VectorOperators.LSHL, 16).or(bits.and(0xFFFF)).intoArray(values, to + i * step);
        }
    }

    private void sumGroup(FloatInput floats, int from, int to, int width) {
        var x = floats.values();
        var step = Lanes.COUNT >= 8 ? Lanes.COUNT : width;
        var steps = groupSize * width / step;
        var sum = FloatVector.zero(Lanes.FLOAT);
        for (var i = 0; i < steps; i++) {
            sum = sum.add(FloatVector.fromArray(Lanes.FLOAT, x, from + i * step));
        }
        if (Lanes.COUNT > width) {
            sum = sum.add(sum.rearrange(HALF));
        }
        if (Lanes.COUNT > 2 * width) {
            sum = sum.add(sum.rearrange(QUARTER));
        }
        sum.intoArray(sums, to);
    }

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(Lanes.FLOAT, lane -> (lane + by) % Lanes.COUNT);
    }
}
