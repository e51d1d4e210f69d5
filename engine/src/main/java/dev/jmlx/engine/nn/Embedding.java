package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// The token embedding table, `[vocabSize, hiddenSize]`.
public record Embedding(Matrix table) {

    public static Embedding load(Weights weights, String name, int vocabSize, int hiddenSize) {
        return new Embedding(weights.matrix(name, vocabSize, hiddenSize));
    }

    /// The batch's tokens as `[tokens, hiddenSize]`.
    public Tensor apply(Ops ops, Batch batch) {
        return ops.embed(table, batch);
    }

    /// The same table as the output layer of a model with tied embeddings.
    public Linear asLinear() {
        return new Linear(table, null);
    }
}
