package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import org.jspecify.annotations.Nullable;

/// Normalization to mean 0 and variance 1, with or without a bias.
public record LayerNorm(DenseVector weight, @Nullable DenseVector bias, float eps) implements Norm {

    public static LayerNorm load(Weights weights, String name, int size, float eps) {
        return new LayerNorm(
                weights.vector(name + ".weight", size), weights.vectorIfPresent(name + ".bias", size), eps);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
        return ops.layerNorm(x, weight, bias, eps);
    }
}
