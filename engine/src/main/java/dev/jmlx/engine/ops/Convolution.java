package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;
import org.jspecify.annotations.Nullable;

/// A causal convolution of each channel by itself: `y[t, c] = sum over j of taps[j][c] * x[t - length + 1 + j, c]`
/// (+ bias), then SiLU where `isActivated`. Immutable by agreement.
///
/// What it keeps of a sequence are the last `length - 1` inputs.
public record Convolution(float[][] taps, @Nullable DenseVector bias, boolean isActivated) {

    /// Inputs that an output sees.
    public int length() {
        return taps.length;
    }

    public int channels() {
        return taps[0].length;
    }

    /// Numbers that it keeps of a sequence.
    public int stateFloats() {
        return (length() - 1) * channels();
    }
}
