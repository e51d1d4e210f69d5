package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import java.util.Arrays;

/// Root-mean-square normalization over each stretch of `size` features: a row, a head, a group.
public record RmsNorm(DenseVector weight, int size, float eps) implements Norm {

    /// Over as many features as there are weights.
    public RmsNorm(DenseVector weight, float eps) {
        this(weight, weight.length(), eps);
    }

    public static RmsNorm load(Weights weights, String name, int size, float eps) {
        return new RmsNorm(weights.vector(name + ".weight", size), eps);
    }

    /// A checkpoint's weights that are differences from 1 (Gemma).
    public static RmsNorm loadAroundOne(Weights weights, String name, int size, float eps) {
        var values = weights.vector(name + ".weight", size).values().clone();
        for (var i = 0; i < size; i++) {
            values[i] += 1;
        }
        return new RmsNorm(new DenseVector(values), eps);
    }

    /// Without weights.
    public static RmsNorm plain(int size, float eps) {
        var ones = new float[size];
        Arrays.fill(ones, 1);
        return new RmsNorm(new DenseVector(ones), eps);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x) {
        return ops.rmsNorm(x, weight, size, eps);
    }
}
