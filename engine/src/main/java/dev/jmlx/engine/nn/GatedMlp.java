package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `down(activation(gate(x)) * up(x))`, the feed-forward layer of Llama-like models. Source: arXiv 2002.05202.
public record GatedMlp(Linear gateProj, Linear upProj, Linear downProj, Activation activation) {

    public Tensor apply(Ops ops, Tensor x) {
        return ops.gatedMlp(x, gateProj.weight(), upProj.weight(), downProj.weight(), activation);
    }
}
