package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import org.jspecify.annotations.Nullable;

/// A linear layer, quantized or not, with or without a bias.
public record Linear(Matrix weight, @Nullable DenseVector bias) {

    /// Reads `name.weight` (and `.scales`, `.biases`) and, where the checkpoint has it, `name.bias`.
    public static Linear load(Weights weights, String name, int inputSize, int outputSize) {
        return new Linear(
                weights.matrix(name, outputSize, inputSize), weights.vectorIfPresent(name + ".bias", outputSize));
    }

    /// `[tokens, inputSize]` to `[tokens, outputSize]`.
    public Tensor apply(Ops ops, Tensor x) {
        return ops.linear(x, weight, bias);
    }
}
