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

    /// Throws IllegalArgumentException, or ArithmeticException, for sizes that do not go together.
    public StateSpace {
        if (heads % groups != 0) {
            throw new IllegalArgumentException(heads + " heads are no multiple of " + groups + " groups");
        }
        if (!(leastStep <= mostStep)) {
            throw new IllegalArgumentException("the steps' limits are " + leastStep + " and " + mostStep);
        }
        Math.multiplyExact(Math.multiplyExact(heads, headDim), stateSize);
        Math.addExact(Math.multiplyExact(heads, headDim), Math.multiplyExact(2 * groups, stateSize));
    }

    /// Columns of `x`, `B` and `C` side by side.
    public int width() {
        return heads * headDim + 2 * groups * stateSize;
    }

    /// Numbers that it keeps of a sequence.
    public int stateFloats() {
        return heads * headDim * stateSize;
    }
}
