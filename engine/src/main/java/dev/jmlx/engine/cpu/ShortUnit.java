package dev.jmlx.engine.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// One unit of rows within a call of [ShortGemm#multiply]: its scales and its results for all tokens.
///
/// With centred weights `scale * (q - 8) + (bias + 8 * scale)`, the second part times the sum of a group's
/// activations is an f32 product with one column for each group; it is what the results begin with. One worker
/// only.
final class ShortUnit {
    private int unit;
    private short[] raw = new short[0];
    private float[] biases = new float[0];

    /// `[row block][group][lane]`.
    private float[] scales = new float[0];

    /// `bias + 8 * scale`: `[half][group][2 * lane]`, panels of [PanelTile].
    private float[] offsets = new float[0];

    /// `[token][row]`.
    private float[] results = new float[0];

    /// Starts the sums of unit `number`.
    void begin(RowBlocks.Quantized weights, int number, ShortInput x) {
        unit = number;
        resize(weights.groups(), x.tiles());
        for (var i = 0; i < ShortGemm.BLOCKS; i++) {
            load(weights, i);
        }
        addOffsets(weights.groups(), x);
    }

    private void resize(int groups, int tiles) {
        if (scales.length < groups * ShortGemm.ROWS) {
            raw = new short[groups * Lanes.COUNT];
            biases = new float[groups * Lanes.COUNT];
            scales = new float[groups * ShortGemm.ROWS];
            offsets = new float[groups * ShortGemm.ROWS];
        }
        if (results.length < tiles * FloatInput.WIDTH * ShortGemm.ROWS) {
            results = new float[tiles * FloatInput.WIDTH * ShortGemm.ROWS];
        }
    }

    /// Row block `i` of the unit; one behind the matrix's last is computed as a copy of that, and not
    /// stored.
    private int block(RowBlocks.Quantized weights, int i) {
        return Math.min(unit * ShortGemm.BLOCKS + i, weights.blocks() - 1);
    }

    private void load(RowBlocks.Quantized weights, int i) {
        var groups = weights.groups();
        var count = groups * Lanes.COUNT;
        var block = block(weights, i);
        var type = weights.scaleType();
        for (var g = 0; g < groups; g++) {
            var to = g * Lanes.COUNT;
            Widen.copy(weights.data(), type, weights.scalesAt(block, g), Lanes.COUNT, scales, i * count + to, raw);
            Widen.copy(weights.data(), type, weights.biasesAt(block, g), Lanes.COUNT, biases, to, raw);
        }
        var start = i / 2 * groups * PanelTile.WIDTH + i % 2 * Lanes.COUNT;
        for (var g = 0; g < groups; g++) {
            FloatVector.fromArray(Lanes.FLOAT, scales, i * count + g * Lanes.COUNT)
                    .mul(8)
                    .add(FloatVector.fromArray(Lanes.FLOAT, biases, g * Lanes.COUNT))
                    .intoArray(offsets, start + g * PanelTile.WIDTH);
        }
    }

    private void addOffsets(int groups, ShortInput x) {
        Arrays.fill(results, 0, x.tiles() * FloatInput.WIDTH * ShortGemm.ROWS, 0);
        for (var tile = 0; tile < x.tiles(); tile++) {
            for (var half = 0; half < 2; half++) {
                var from = half * groups * PanelTile.WIDTH;
                var to = tile * FloatInput.WIDTH * ShortGemm.ROWS + half * PanelTile.WIDTH;
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
        var groupShift = Integer.numberOfTrailingZeros(weights.groupSize() / depth);
        var scalesAt = col / weights.groupSize() * Lanes.COUNT;
        var scalesStride = weights.groups() * Lanes.COUNT;
        for (var tile = 0; tile < x.tiles(); tile++) {
            var width = x.width(tile);
            var to = tile * FloatInput.WIDTH * ShortGemm.ROWS;
            var xScalesAt = x.scalesAt(tile, col);
            if (width == 8) {
                ShortTile.dots8(panel, x.values(), x.valuesAt(tile, col), sums, blocks, depth);
            } else {
                ShortTile.dots4(panel, x.values(), x.valuesAt(tile, col), sums, blocks, depth);
            }
            ShortTile.scale(
                    sums,
                    blocks,
                    width,
                    x.scales(),
                    xScalesAt,
                    scales,
                    scalesAt,
                    scalesStride,
                    groupShift,
                    results,
                    to);
        }
    }

    /// Copies the results out, without the rows behind the matrix's last.
    void store(int matrixRows, int tokens, float[] out, int start, int stride) {
        var first = unit * ShortGemm.ROWS;
        var rows = Math.min(ShortGemm.ROWS, matrixRows - first);
        for (var t = 0; t < tokens; t++) {
            System.arraycopy(results, t * ShortGemm.ROWS, out, start + t * stride + first, rows);
        }
    }
}
