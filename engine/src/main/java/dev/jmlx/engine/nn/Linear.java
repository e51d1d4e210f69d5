package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A linear layer, quantized or not, with or without a bias.
public record Linear(Matrix weight, @Nullable DenseVector bias) {

    /// Reads `name.weight` (and `.scales`, `.biases`) and, where the checkpoint has it, `name.bias`.
    public static Linear load(Weights weights, String name, int inputSize, int outputSize) {
        return new Linear(
                weights.matrix(name, outputSize, inputSize), weights.vectorIfPresent(name + ".bias", outputSize));
    }

    /// Reads the layer `name` as several ones: consecutive rows of its weight and bias, as many as
    /// `outputSizes` say.
    public static List<Linear> loadParts(Weights weights, String name, int inputSize, int... outputSizes) {
        var matrices = weights.matrixParts(name, inputSize, outputSizes);
        var bias = weights.vectorIfPresent(
                name + ".bias", Arrays.stream(outputSizes).sum());
        var parts = new ArrayList<Linear>();
        var from = 0;
        for (var i = 0; i < outputSizes.length; i++) {
            var to = from + outputSizes[i];
            var part = bias == null ? null : new DenseVector(Arrays.copyOfRange(bias.values(), from, to));
            parts.add(new Linear(matrices.get(i), part));
            from = to;
        }
        return List.copyOf(parts);
    }

    /// `[tokens, inputSize]` to `[tokens, outputSize]`.
    public Tensor apply(Ops ops, Tensor x) {
        return ops.linear(x, weight, bias);
    }
}
