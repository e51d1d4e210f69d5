package dev.jmlx.engine.tensor;

/// A one-dimensional weight (a norm's scale, a bias), widened to f32 when it is loaded: these are
/// small.
///
/// Immutable by agreement: nobody writes to `values` after loading. Safe for any thread.
public record DenseVector(float[] values) {
    public int length() {
        return values.length;
    }
}
