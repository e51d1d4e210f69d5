package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// The token embedding table, `[vocabSize, hiddenSize]`, and what its rows are multiplied by, usually 1.
public record Embedding(Matrix table, float factor) {

    public static Embedding load(Weights weights, String name, int vocabSize, int hiddenSize) {
        return new Embedding(weights.matrix(name, vocabSize, hiddenSize), 1);
    }

    /// The same with another factor.
    public Embedding times(float newFactor) {
        return new Embedding(table, newFactor);
    }

    /// The batch's tokens as `[tokens, hiddenSize]`.
    public Tensor apply(Ops ops, Batch batch) {
        var rows = ops.embed(table, batch);
        return factor == 1 ? rows : ops.scale(rows, factor);
    }

    /// The same table as the output layer of a model with tied embeddings.
    public Linear asLinear() {
        return new Linear(table, null);
    }
}
