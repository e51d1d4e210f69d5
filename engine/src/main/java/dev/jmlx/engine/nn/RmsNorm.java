package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// Root-mean-square normalization over a row's features.
public record RmsNorm(DenseVector weight, float eps) {

    public static RmsNorm load(Weights weights, String name, int size, float eps) {
        return new RmsNorm(weights.vector(name + ".weight", size), eps);
    }

    public Tensor apply(Ops ops, Tensor x) {
        return ops.rmsNorm(x, weight, eps);
    }
}
