package dev.jmlx.engine.ops;

/// How exactly a backend may compute.
public enum Precision {
    /// Activations in f32 everywhere.
    EXACT,
    /// Where that is faster, activations may be rounded to integers with a scale for 32 to 64 of them. Which
    /// kernel is the fastest depends on the tokens of a step, so what one sequence gets can depend, by
    /// roundings, on whether others are served beside it.
    FAST
}
