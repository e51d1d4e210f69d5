package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;

/// A selective state space (Mamba 2): each head keeps `[headDim, stateSize]` numbers that decay by a step which the
/// token chooses.
///
/// For each head `step = clamp(softplus(dt + dtBias), leastStep, mostStep)`, `S = exp(-exp(aLog) * step) * S +
/// (step * x) B^T`, and the result is `S C + d * x`. `groups` of consecutive heads share `B` and `C`. Immutable.
/// Source:
/// arXiv 2405.21060; mlx-lm `models/ssm.py`.
public record StateSpace(
        int heads,
        int headDim,
        int groups,
        int stateSize,
        DenseVector aLog,
        DenseVector d,
        DenseVector dtBias,
        float leastStep,
        float mostStep) {

    /// Columns of `x`, `B` and `C` side by side.
    public int width() {
        return heads * headDim + 2 * groups * stateSize;
    }

    /// Numbers that it keeps of a sequence.
    public int stateFloats() {
        return heads * headDim * stateSize;
    }
}
