package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// `down(relu(up(x))^2)`: an MLP without a gate (Nemotron). Source: arXiv 2109.08668.
public record SquaredMlp(Linear upProj, Linear downProj) implements FeedForward {

    /// Reads `up_proj` and `down_proj`.
    public static SquaredMlp load(Weights weights, int hiddenSize, int intermediateSize) {
        return new SquaredMlp(
                Linear.load(weights, "up_proj", hiddenSize, intermediateSize),
                Linear.load(weights, "down_proj", intermediateSize, hiddenSize));
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
        var up = upProj.apply(ops, x);
        return downProj.apply(ops, ops.gated(up, up, Activation.RELU));
    }
}
