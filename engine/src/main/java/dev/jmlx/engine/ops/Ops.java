package dev.jmlx.engine.ops;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The operations that models are written in: few, large, on `[tokens, features]` tensors.
///
/// A backend runs them eagerly, encodes them for its device or puts a result off until somebody reads
/// it; only [#readRow] and [#readRows] wait for results.
/// Results are new tensors of the current step. Shapes are asserted at entry; a wrong one is an
/// [IllegalArgumentException] that names the operation and both shapes. One thread at a time: the
/// engine thread.
public interface Ops extends AutoCloseable {

    /// What runs, for the start-up line: "cpu, AVX-512, 2 threads".
    String describe();

    /// `matrix` in the layout that this backend computes with, in memory of `arena` where that is
    /// another one than the checkpoint's. Called once for each weight while a model loads; the other
    /// operations take only what it returned.
    Matrix prepare(Matrix matrix, Arena arena);

    /// Makes ready for steps like those that `steps` runs on the operations given to it, so that the
    /// first requests are as fast as later ones; ends early when `stop` says so. Called after the weights
    /// were prepared and between steps. Those operations compute nothing: results have their shapes and
    /// no contents, caches are not touched.
    default void warmUp(Consumer<Ops> steps, BooleanSupplier stop) {}

    /// Starts a step: every tensor of the step before becomes invalid and its memory is used again.
    void beginStep();

    /// Says that of all tensors so far only `x` is used from here on, so that a backend may use the
    /// memory of the others again within the step. `x` is a result of an operation since the last call.
    /// Models call it between blocks: without it a long prompt needs the activations of all layers at
    /// once.
    default void keepOnly(Tensor x) {}

    /// Rows of `table` for the batch's tokens: `[tokens, table.cols]`.
    Tensor embed(Matrix table, Batch batch);

    /// `x * weight^T (+ bias)`: `[x.rows, weight.rows]`.
    Tensor linear(Tensor x, Matrix weight, @Nullable DenseVector bias);

    /// `x / sqrt(mean(x^2) + eps) * weight`, row by row. Source: arXiv 1910.07467.
    Tensor rmsNorm(Tensor x, DenseVector weight, float eps);

    /// `a + b`, same shape.
    Tensor add(Tensor a, Tensor b);

    /// `down(activation(gate(x)) * up(x))`.
    Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation);

    /// Rotates `q` and `k` by their positions, appends `k` and `v` to the cache and attends causally,
    /// per segment.
    ///
    /// `q`: `[tokens, heads * headDim]`, `k` and `v`: `[tokens, kvHeads * headDim]`, all contents are
    /// consumed; heads, kvHeads and headDim follow from the shapes and the cache. `rope` null: no
    /// rotation. The result is `[tokens, heads * headDim]`: `softmax(scale * q k^T) v` over all
    /// positions up to each token's own.
    Tensor attention(
            Tensor q, Tensor k, Tensor v, @Nullable RopeTable rope, float scale, Batch batch, KvCache.Full cache);

    /// The rows of `x` whose logits the batch wants: `[batch.logitCount, x.cols]`.
    Tensor logitRows(Tensor x, Batch batch);

    /// Copies one row into `target` (at least `x.cols` floats), after everything that `x` depends on
    /// has run.
    void readRow(Tensor x, int row, float[] target);

    /// Calls `reader` once for each row of `x`, after everything that `x` depends on has run; several rows at a time
    /// where the backend has threads. Returns when all calls have, and throws what one of them threw.
    default void readRows(Tensor x, RowReader reader) {
        var values = new float[x.cols()];
        for (var row = 0; row < x.rows(); row++) {
            readRow(x, row, values);
            reader.read(row, values);
        }
    }

    /// Ends the backend's threads and frees its memory.
    @Override
    void close();
}
