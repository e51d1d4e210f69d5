package dev.jmlx.engine.cpu;

import java.util.Arrays;

/// `out[token, row] = sum over col of weight[row, col] * x[token, col]` for 4-bit weights in f32: exact activations.
///
/// A unit of work is 32 rows at 512 bits: two row blocks, two vectors of results for each token. Of a unit, up to 256
/// columns are dequantized at a time (32 kB, two thirds of an L1) and used for all tokens.
///
/// Scratch memory of one worker, grown to the largest use; one worker only.
final class FloatGemm {
    /// Row blocks in a unit.
    static final int BLOCKS = 2;

    /// Rows in a unit.
    static final int ROWS = BLOCKS * Lanes.COUNT;

    private float[] panel = new float[0];
    private short[] raw = new short[0];

    /// `[row block][group][lane]`, the biases too.
    private float[] scales = new float[0];

    private float[] biases = new float[0];

    /// `[token][row]`.
    private float[] results = new float[0];

    /// Units in `weights`.
    static int units(BlockedWeights weights) {
        return (weights.blocks() + BLOCKS - 1) / BLOCKS;
    }

    /// Computes the rows of unit `unit` for all tokens of `x`; row `r` of token `t` goes to
    /// `out[start + t * stride + r]`.
    void multiply(BlockedWeights weights, int unit, FloatInput x, float[] out, int start, int stride) {
        var depth = weights.panelCols();
        resize(weights.groups(), depth, x.tiles());
        load(weights, unit);
        Arrays.fill(results, 0, x.tiles() * FloatInput.WIDTH * ROWS, 0);
        for (var col = 0; col < weights.cols(); col += depth) {
            var count = Math.min(depth, weights.cols() - col);
            unpack(weights, unit, col, count);
            for (var tile = 0; tile < x.tiles(); tile++) {
                var from = x.valuesAt(tile, col);
                var to = tile * FloatInput.WIDTH * ROWS;
                PanelTile.multiply(x.width(tile), panel, 0, x.values(), from, count, results, to, ROWS);
            }
        }
        store(weights.rows(), unit, x.tokens(), out, start, stride);
    }

    private void resize(int groups, int depth, int tiles) {
        if (panel.length < depth * PanelTile.WIDTH) {
            panel = new float[depth * PanelTile.WIDTH];
        }
        if (scales.length < groups * ROWS) {
            raw = new short[groups * Lanes.COUNT];
            scales = new float[groups * ROWS];
            biases = new float[groups * ROWS];
        }
        if (results.length < tiles * FloatInput.WIDTH * ROWS) {
            results = new float[tiles * FloatInput.WIDTH * ROWS];
        }
    }

    /// Row block `i` of unit `unit`; one behind the matrix's last is computed as a copy of that, and not stored.
    private static int block(BlockedWeights weights, int unit, int i) {
        return Math.min(unit * BLOCKS + i, weights.blocks() - 1);
    }

    private void load(BlockedWeights weights, int unit) {
        var count = weights.groups() * Lanes.COUNT;
        for (var i = 0; i < BLOCKS; i++) {
            var from = weights.scalesAt(block(weights, unit, i));
            Widen.copy(weights.scales(), weights.scaleType(), from, count, scales, i * count, raw);
            Widen.copy(weights.biases(), weights.scaleType(), from, count, biases, i * count, raw);
        }
    }

    private void unpack(BlockedWeights weights, int unit, int col, int count) {
        for (var i = 0; i < BLOCKS; i++) {
            var from = weights.wordsAt(block(weights, unit, i), col);
            var group = (i * weights.groups() + col / weights.groupSize()) * Lanes.COUNT;
            var groupWords = weights.groupSize() / 8;
            var to = i * Lanes.COUNT;
            Panels.unpackFloats(weights.words(), from, count / 8, groupWords, scales, biases, group, panel, to);
        }
    }

    private void store(int matrixRows, int unit, int tokens, float[] out, int start, int stride) {
        var first = unit * ROWS;
        var rows = Math.min(ROWS, matrixRows - first);
        for (var t = 0; t < tokens; t++) {
            System.arraycopy(results, t * ROWS, out, start + t * stride + first, rows);
        }
    }
}
