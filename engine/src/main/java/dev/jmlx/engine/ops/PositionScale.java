package dev.jmlx.engine.ops;

/// A factor that grows with a token's position: `1 + beta * ln(1 + floor((position + offset) / period))`.
///
/// Multiplies queries, so that attention stays sharp in long contexts. Source: mlx-lm `models/llama4_text.py`,
/// `models/ministral3.py`.
public record PositionScale(double beta, int period, int offset) {
    public float at(int position) {
        return (float) (1 + beta * Math.log(1 + (position + offset) / period));
    }
}
