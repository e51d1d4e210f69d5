package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;

/// The gated delta rule: linear attention whose state forgets, and that corrects what it has stored under a key
/// instead of adding to it.
///
/// For each value head `S = exp(-exp(aLog) * softplus(a + dtBias)) * S`, then `S += k (sigmoid(b) * (v - S^T
/// k))^T`, and the result is `S^T q`; `k` has length 1, `q` the length `1 / sqrt(keyDim)`. `keyHeads` heads of
/// queries and keys serve `valueHeads` heads of values, as many consecutive ones each. Immutable. Source: arXiv
/// 2412.06464; mlx-lm `models/gated_delta.py`.
public record DeltaRule(int keyHeads, int keyDim, int valueHeads, int valueDim, DenseVector aLog, DenseVector dtBias) {

    /// Throws IllegalArgumentException, or ArithmeticException, for sizes that do not go together.
    public DeltaRule {
        if (valueHeads % keyHeads != 0) {
            throw new IllegalArgumentException(
                    valueHeads + " value heads are no multiple of " + keyHeads + " key heads");
        }
        Math.multiplyExact(Math.multiplyExact(valueHeads, keyDim), valueDim);
        Math.addExact(Math.multiplyExact(2 * keyHeads, keyDim), Math.multiplyExact(valueHeads, valueDim));
    }

    /// Columns of queries, keys and values side by side.
    public int width() {
        return 2 * keyHeads * keyDim + valueHeads * valueDim;
    }

    /// Numbers that it keeps of a sequence.
    public int stateFloats() {
        return valueHeads * keyDim * valueDim;
    }
}
