package dev.jmlx.engine.cpu;

/// `out[token, row] = sum over col of weight[row, col] * x[token, col]` for 4-bit weights and quantized
/// activations, in 16-bit integers: nearly twice the multiplications of f32 in a cycle, as the Vector API has
/// no byte dot product.
///
/// A unit of work is 64 rows at 512 bits: four row blocks, two vectors of 16-bit sums for each token. Of a
/// unit, up to 256 columns are unpacked at a time (32 kB, two thirds of an L1) and used for all tokens of the
/// call. Panels of 128 columns measured 8 % slower on one thread, because results are then loaded and stored twice
/// as often.
///
/// Several units in one call share what they read of the activations, block by block of columns. That pays when
/// the activations are larger than the L2 shares: with 8,192 columns and 256 tokens 8 units a call measured
/// 1.26 times the rate of one; with 2,048 columns nothing.
///
/// Scratch memory of one worker, grown to the largest use; one worker only.
final class ShortGemm {
    /// Row blocks in a unit.
    static final int BLOCKS = 4;

    /// Rows in a unit.
    static final int ROWS = BLOCKS * Lanes.COUNT;

    private final int[] sums = new int[FloatInput.WIDTH * ShortTile.STRIDE];
    private ShortUnit[] units = new ShortUnit[0];
    private int[] panel = new int[0];

    /// Computes the rows of units `first .. end - 1` for the tokens of the tiles `firstTile .. endTile - 1` of `x`;
    /// row `r` of token `t` goes to `out[start + t * stride + r]`.
    void multiply(
            RowBlocks.Quantized weights,
            int first,
            int end,
            ShortInput x,
            int firstTile,
            int endTile,
            float[] out,
            int start,
            int stride) {
        var depth = weights.panelCols();
        resize(end - first, depth);
        for (var i = 0; i < end - first; i++) {
            units[i].begin(weights, first + i, x, firstTile, endTile);
        }
        for (var col = 0; col < weights.cols(); col += depth) {
            var count = Math.min(depth, weights.cols() - col);
            for (var i = 0; i < end - first; i++) {
                units[i].add(weights, x, col, count, panel, sums);
            }
        }
        for (var i = 0; i < end - first; i++) {
            units[i].store(weights.rows(), x.tokens(), out, start, stride);
        }
    }

    private void resize(int count, int depth) {
        if (units.length < count) {
            units = new ShortUnit[count];
            for (var i = 0; i < count; i++) {
                units[i] = new ShortUnit();
            }
        }
        if (panel.length < depth * ShortTile.WIDTH) {
            panel = new int[depth * ShortTile.WIDTH];
        }
    }
}
