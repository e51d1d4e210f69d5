package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;

/// `down(activation(gate(x)) * up(x))`, the feed-forward layer of Llama-like models.
///
/// Without biases: a checkpoint that has them is refused, since nobody reads them. Source: arXiv 2002.05202.
public record GatedMlp(Matrix gateProj, Matrix upProj, Matrix downProj, Activation activation) {

    public Tensor apply(Ops ops, Tensor x) {
        return ops.gatedMlp(x, gateProj, upProj, downProj, activation);
    }
}
