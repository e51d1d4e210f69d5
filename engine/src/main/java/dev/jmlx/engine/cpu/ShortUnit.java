package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// One unit of rows within a call of [ShortGemm#multiply]: its scales and its results for a range of tiles.
///
/// With centred weights `scale * (q - 8) + (bias + 8 * scale)`, the second part times the sum of a group's
/// activations is an f32 product with one column for each group; it is what the results begin with. One worker
/// only.
final class ShortUnit {
    private int unit;
    private int firstTile;
    private int endTile;

    /// `[block of columns][row]`, blocks as in [ShortInput].
    private float[] scales = new float[0];

    /// `bias + 8 * scale`: `[half][group][2 * lane]`, panels of [PanelTile].
    private float[] offsets = new float[0];

    /// `[token][row]`, of the tiles from `firstTile` on.
    private float[] results = new float[0];

    /// Starts the sums of unit `number` for the tiles `first .. end - 1` of tokens.
    void begin(RowBlocks.Quantized weights, int number, ShortInput x, int first, int end) {
        unit = number;
        firstTile = first;
        endTile = end;
        var repeats = weights.groupSize() / x.block();
        resize(weights.groups(), repeats);
        for (var i = 0; i < ShortGemm.BLOCKS; i++) {
            load(weights, i, repeats);
        }
        addOffsets(weights.groups(), x);
    }

    private void resize(int groups, int repeats) {
        if (scales.length < groups * repeats * ShortGemm.ROWS) {
            scales = new float[groups * repeats * ShortGemm.ROWS];
        }
        if (offsets.length < groups * ShortGemm.ROWS) {
            offsets = new float[groups * ShortGemm.ROWS];
        }
        if (results.length < resultsAt(endTile)) {
            results = new float[resultsAt(endTile)];
        }
    }

    /// Row block `i` of the unit; one behind the matrix's last is computed as a copy of that, and not
    /// stored.
    private int block(RowBlocks.Quantized weights, int i) {
        return Math.min(unit * ShortGemm.BLOCKS + i, weights.blocks() - 1);
    }

    /// Widens the scales and biases of row block `i`; a group's scales are repeated for each of its blocks.
    private void load(RowBlocks.Quantized weights, int i, int repeats) {
        var block = block(weights, i);
        var isHalf = weights.scaleType().byteSize() == Short.BYTES;
        for (var part = 0; part < weights.parts(); part++) {
            var first = weights.firstGroup(part);
            var end = first + weights.cols(part) / weights.groupSize();
            var at = weights.recordAt(block, first) + weights.scalesOffset();
            if (isHalf) {
                loadHalves(weights, first, end, at, i, repeats);
            } else {
                loadFloats(weights, first, end, at, i, repeats);
            }
        }
    }

    /// The groups `first .. end - 1`, which are consecutive records; `at` is the byte of the first's scales. What is
    /// no number remains none, so that damaged weights end a request instead of answering it.
    private void loadHalves(RowBlocks.Quantized weights, int first, int end, long at, int i, int repeats) {
        MemorySegment data = weights.data();
        var format = HalfFormat.of(weights.scaleType());
        var shift = format.shift;
        var mask = format.mask;
        var factor = format.inFactor * format.outFactor;
        var limit = format.limit;
        var step = weights.recordBytes();
        var to = first * repeats * ShortGemm.ROWS + i * Lanes.COUNT;
        var offsetsTo = offsetsAt(weights, i);
        for (var group = first; group < end; group++, at += step) {
            var scale = ((FloatVector)
                            ((IntVector) ShortVector.fromMemorySegment(Lanes.HALF, data, at, ByteOrder.LITTLE_ENDIAN)
                                            .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                                    .lanewise(VectorOperators.LSHL, shift)
                                    .and(mask)
                                    .reinterpretShape(Lanes.FLOAT, 0))
                    .mul(factor);
            var bias = ((FloatVector) ((IntVector) ShortVector.fromMemorySegment(
                                            Lanes.HALF, data, at + Lanes.BYTES / 2, ByteOrder.LITTLE_ENDIAN)
                                    .convertShape(VectorOperators.S2I, Lanes.INT, 0))
                            .lanewise(VectorOperators.LSHL, shift)
                            .and(mask)
                            .reinterpretShape(Lanes.FLOAT, 0))
                    .mul(factor);
            scale = scale.blend(Float.NaN, scale.lanewise(VectorOperators.ABS).compare(VectorOperators.GE, limit));
            bias = bias.blend(Float.NaN, bias.lanewise(VectorOperators.ABS).compare(VectorOperators.GE, limit));
            scale.mul(8).add(bias).intoArray(offsets, offsetsTo + group * PanelTile.WIDTH);
            for (var repeat = 0; repeat < repeats; repeat++, to += ShortGemm.ROWS) {
                scale.intoArray(scales, to);
            }
        }
    }

    /// As [#loadHalves].
    private void loadFloats(RowBlocks.Quantized weights, int first, int end, long at, int i, int repeats) {
        MemorySegment data = weights.data();
        var step = weights.recordBytes();
        var to = first * repeats * ShortGemm.ROWS + i * Lanes.COUNT;
        var offsetsTo = offsetsAt(weights, i);
        for (var group = first; group < end; group++, at += step) {
            var scale = FloatVector.fromMemorySegment(Lanes.FLOAT, data, at, ByteOrder.LITTLE_ENDIAN);
            var bias = FloatVector.fromMemorySegment(Lanes.FLOAT, data, at + Lanes.BYTES, ByteOrder.LITTLE_ENDIAN);
            scale.mul(8).add(bias).intoArray(offsets, offsetsTo + group * PanelTile.WIDTH);
            for (var repeat = 0; repeat < repeats; repeat++, to += ShortGemm.ROWS) {
                scale.intoArray(scales, to);
            }
        }
    }

    /// Where in `offsets` the lanes of row block `i` begin.
    private static int offsetsAt(RowBlocks.Quantized weights, int i) {
        return i / 2 * weights.groups() * PanelTile.WIDTH + i % 2 * Lanes.COUNT;
    }

    private void addOffsets(int groups, ShortInput x) {
        Arrays.fill(results, 0, resultsAt(endTile), 0);
        for (var tile = firstTile; tile < endTile; tile++) {
            for (var half = 0; half < 2; half++) {
                var from = half * groups * PanelTile.WIDTH;
                var to = resultsAt(tile) + half * PanelTile.WIDTH;
                var sums = x.sumsAt(tile);
                PanelTile.multiply(x.width(tile), offsets, from, x.sums(), sums, groups, results, to, ShortGemm.ROWS);
            }
        }
    }

    /// Adds the products of columns `col .. col + count - 1`; `panel` and `sums` are scratch.
    void add(RowBlocks.Quantized weights, ShortInput x, int col, int count, int[] panel, int[] sums) {
        for (var i = 0; i < ShortGemm.BLOCKS; i += 2) {
            var low = block(weights, i);
            ShortPanel.unpack(weights, low, block(weights, i + 1), col, count, panel, i / 2 * Lanes.COUNT);
        }
        var depth = x.block();
        var blocks = count / depth;
        var scalesAt = col / depth * ShortGemm.ROWS;
        for (var tile = firstTile; tile < endTile; tile++) {
            var width = x.width(tile);
            var to = resultsAt(tile);
            var xScalesAt = x.scalesAt(tile, col);
            if (width == 8) {
                ShortTile.dots8(panel, x.values(), x.valuesAt(tile, col), sums, blocks, depth);
            } else {
                ShortTile.dots4(panel, x.values(), x.valuesAt(tile, col), sums, blocks, depth);
            }
            ShortTile.scale(sums, blocks, width, x.scales(), xScalesAt, scales, scalesAt, results, to);
        }
    }

    /// Copies the results out, without the rows behind the matrix's last.
    void store(int matrixRows, int tokens, float[] out, int start, int stride) {
        var firstRow = unit * ShortGemm.ROWS;
        var rows = Math.min(ShortGemm.ROWS, matrixRows - firstRow);
        var from = 0;
        for (var t = firstTile * FloatInput.WIDTH; t < Math.min(tokens, endTile * FloatInput.WIDTH); t++) {
            System.arraycopy(results, from, out, start + t * stride + firstRow, rows);
            from += ShortGemm.ROWS;
        }
    }

    /// Where the results of a tile begin.
    private int resultsAt(int tile) {
        return (tile - firstTile) * FloatInput.WIDTH * ShortGemm.ROWS;
    }
}
