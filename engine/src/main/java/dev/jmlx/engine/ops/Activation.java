package dev.jmlx.engine.ops;

/// The non-linearity of a gated MLP. `SILU`: `x * sigmoid(x)`.
public enum Activation {
    SILU
}
