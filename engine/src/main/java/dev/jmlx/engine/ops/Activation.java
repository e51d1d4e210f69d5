package dev.jmlx.engine.ops;

/// The non-linearity of a gate.
public enum Activation {
    /// `gate * sigmoid(gate) * x`.
    SILU,

    /// `gelu(gate) * x` with the usual approximation: `0.5 g (1 + tanh(sqrt(2 / pi) (g + 0.044715 g^3)))`.
    GELU,

    /// `sigmoid(gate) * x`.
    SIGMOID,

    /// `gate * x`.
    IDENTITY,

    /// `max(gate, 0) * x`; the square of the positive part where both are the same.
    RELU,

    /// `g * sigmoid(1.702 * g) * (u + 1)`, `g` the gate up to 7, `u` between -7 and 7 (gpt-oss). Source: mlx-lm
    /// `models/gpt_oss.py`.
    CLAMPED_SILU;

    /// The largest value of [#CLAMPED_SILU].
    public static final float CLAMP = 7;

    /// The slope of its sigmoid.
    public static final float CLAMPED_SLOPE = 1.702f;
}
