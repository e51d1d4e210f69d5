package dev.jmlx.engine.cpu;

/// Activations of some tokens for [FloatGemm], in tiles of [#WIDTH] tokens, `[col][token]`.
///
/// Tokens that the last tile has too much repeat the last one.
///
/// Filled by several threads, a tile each, before kernels read it.
final class FloatInput {
    /// Tokens of a tile: 8, but 4 with 256-bit vectors, since the accumulators of 8 tokens would fill
    /// all 16 registers of AVX2 (there 4 measured 1.2 to 1.4 times faster in 16-bit integers, 1.1 times
    /// in f32).
    static final int WIDTH = Lanes.FLOAT.vectorBitSize() == 256 ? 4 : 8;

    private float[] values = new float[0];
    private int tokens;
    private int cols;

    /// Makes room for `tokens` rows of `cols` activations.
    void resize(int tokens, int cols) {
        this.tokens = tokens;
        this.cols = cols;
        if (values.length < tiles() * WIDTH * cols) {
            values = new float[tiles() * WIDTH * cols];
        }
    }

    int tokens() {
        return tokens;
    }

    int tiles() {
        return (tokens + WIDTH - 1) / WIDTH;
    }

    /// Tokens in tile `tile`: the last one is 4 wide if that is enough.
    int width(int tile) {
        return width(tokens, tile);
    }

    /// Tokens in tile `tile` of `tokens`.
    static int width(int tokens, int tile) {
        return tokens - tile * WIDTH <= 4 ? 4 : WIDTH;
    }

    float[] values() {
        return values;
    }

    int valuesAt(int tile, int col) {
        return tile * WIDTH * cols + col * width(tile);
    }

    /// Copies the tokens of tile `tile` of `x`, whose token `t` begins at `start + t * stride`; tokens
    /// that the tile has too much repeat the last one.
    void pack(float[] x, int start, int stride, int tile) {
        var width = width(tile);
        for (var t = 0; t < width; t += 4) {
            var a = start + Math.min(tile * WIDTH + t, tokens - 1) * stride;
            var b = start + Math.min(tile * WIDTH + t + 1, tokens - 1) * stride;
            var c = start + Math.min(tile * WIDTH + t + 2, tokens - 1) * stride;
            var d = start + Math.min(tile * WIDTH + t + 3, tokens - 1) * stride;
            var to = valuesAt(tile, 0) + t;
            for (var col = 0; col < cols; col++) {
                values[to + col * width] = x[a + col];
                values[to + col * width + 1] = x[b + col];
                values[to + col * width + 2] = x[c + col];
                values[to + col * width + 3] = x[d + col];
            }
        }
    }
}
