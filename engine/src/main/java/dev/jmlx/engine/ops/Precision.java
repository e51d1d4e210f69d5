package dev.jmlx.engine.ops;

/// How exactly a backend may compute.
public enum Precision {
    /// Activations in f32 everywhere.
    EXACT,
    /// Activations of prompts may be rounded to 8 bits with a scale for each 32 of them, where that is
    /// faster.
    FAST
}
