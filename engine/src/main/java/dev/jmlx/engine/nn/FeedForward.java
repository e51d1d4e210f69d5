package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// The part of a block that looks at each token by itself.
public sealed interface FeedForward permits GatedMlp, SquaredMlp, Moe {

    /// `[tokens, hiddenSize]` to the same.
    Tensor apply(Ops ops, Tensor x);
}
