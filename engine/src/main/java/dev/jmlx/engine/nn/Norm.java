package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// A normalization over a row's features, or over those of each head.
public sealed interface Norm permits RmsNorm, LayerNorm {
    Tensor apply(Ops ops, Tensor x);
}
