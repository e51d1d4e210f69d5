package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// `down(activation(gate(x)) * up(x))`, the feed-forward layer of Llama-like models. Source: arXiv 2002.05202.
public record GatedMlp(Linear gateProj, Linear upProj, Linear downProj, Activation activation) implements FeedForward {

    /// Reads `gate_proj`, `up_proj` and `down_proj`.
    public static GatedMlp load(Weights weights, int hiddenSize, int intermediateSize, Activation activation) {
        return new GatedMlp(
                Linear.load(weights, "gate_proj", hiddenSize, intermediateSize),
                Linear.load(weights, "up_proj", hiddenSize, intermediateSize),
                Linear.load(weights, "down_proj", intermediateSize, hiddenSize),
                activation);
    }

    /// Reads `gate_up_proj`, whose first half of rows is the gate, and `down_proj`.
    public static GatedMlp loadFused(Weights weights, int hiddenSize, int intermediateSize, Activation activation) {
        var gateUp = Linear.loadParts(weights, "gate_up_proj", hiddenSize, intermediateSize, intermediateSize);
        return new GatedMlp(
                gateUp.get(0),
                gateUp.get(1),
                Linear.load(weights, "down_proj", intermediateSize, hiddenSize),
                activation);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
        if (gateProj.bias() == null && upProj.bias() == null && downProj.bias() == null) {
            return ops.gatedMlp(x, gateProj.weight(), upProj.weight(), downProj.weight(), activation);
        }
        var gate = gateProj.apply(ops, x);
        var up = upProj.apply(ops, x);
        return downProj.apply(ops, ops.gated(gate, up, activation));
    }
}
