package dev.jmlx.engine.cpu;

import java.util.Arrays;

/// `out[token, row] = sum over col of weight[row, col] * x[token, col]` in f32, for weights of every kind.
///
/// A unit of work is 32 rows at 512 bits: two row blocks, two vectors of results for each token. Of a unit, up
/// to 256 columns are unpacked at a time (32 kB, two thirds of an L1) and used for all tokens.
///
/// Scratch memory of one worker, grown to the largest use; one worker only.
final class FloatGemm {
    /// Row blocks in a unit.
    static final int BLOCKS = 2;

    /// Rows in a unit.
    static final int ROWS = BLOCKS * Lanes.COUNT;

    private final Panel panel = new Panel();

    /// `[token][row]`.
    private float[] results = new float[0];

    /// Computes the rows of unit `unit` for all tokens of `x`; row `r` of token `t` goes to
    /// `out[start + t * stride + r]`.
    void multiply(RowBlocks weights, int unit, FloatInput x, float[] out, int start, int stride) {
        if (results.length < x.tiles() * FloatInput.WIDTH * ROWS) {
            results = new float[x.tiles() * FloatInput.WIDTH * ROWS];
        }
        Arrays.fill(results, 0, x.tiles() * FloatInput.WIDTH * ROWS, 0);
        var depth = weights.panelCols();
        for (var col = 0; col < weights.cols(); col += depth) {
            var count = Math.min(depth, weights.cols() - col);
            panel.unpack(weights, unit * BLOCKS, col, count);
            for (var tile = 0; tile < x.tiles(); tile++) {
                var from = x.valuesAt(tile, col);
                var to = tile * FloatInput.WIDTH * ROWS;
                PanelTile.multiply(x.width(tile), panel.data(), 0, x.values(), from, count, results, to, ROWS);
            }
        }
        store(weights.rows(), unit, x.tokens(), out, start, stride);
    }

    private void store(int matrixRows, int unit, int tokens, float[] out, int start, int stride) {
        var first = unit * ROWS;
        var rows = Math.min(ROWS, matrixRows - first);
        for (var t = 0; t < tokens; t++) {
            System.arraycopy(results, t * ROWS, out, start + t * stride + first, rows);
        }
    }
}
