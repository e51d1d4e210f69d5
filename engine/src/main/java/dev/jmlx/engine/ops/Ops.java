package dev.jmlx.engine.ops;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
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

    /// A copy of `x` that lives to the end of the step, whatever [#keepOnly] says.
    Tensor pin(Tensor x);

    /// Rows of `table` for the batch's tokens: `[tokens, table.cols]`.
    Tensor embed(Matrix table, Batch batch);

    /// `x * weight^T (+ bias)`: `[x.rows, weight.rows]`.
    Tensor linear(Tensor x, Matrix weight, @Nullable DenseVector bias);

    /// `x / sqrt(mean(x^2) + eps) * weight` for each stretch of `size` features (a row, a head, a group) by
    /// itself; the weight has as many values as a stretch or as a row. Source: arXiv 1910.07467.
    Tensor rmsNorm(Tensor x, DenseVector weight, int size, float eps);

    /// `(x - mean(x)) / sqrt(variance(x) + eps) * weight (+ bias)`, row by row. Source: arXiv 1607.06450.
    Tensor layerNorm(Tensor x, DenseVector weight, @Nullable DenseVector bias, float eps);

    /// `a + b`, same shape.
    Tensor add(Tensor a, Tensor b);

    /// `x * factor`.
    Tensor scale(Tensor x, float factor);

    /// `cap * tanh(x / cap)`.
    Tensor softcap(Tensor x, float cap);

    /// `activation(gate) * x`, same shape, or a gate of one column: a factor for each row.
    Tensor gated(Tensor gate, Tensor x, Activation activation);

    /// The sum of what each token's experts make of it, each times its weight. `scores`: `[tokens, experts]`,
    /// as the router gave them. Only the chosen experts' weights are read.
    Tensor moe(Tensor x, Tensor scores, Routing routing, Experts experts);

    /// Rotates the heads of `x`, `[tokens, heads * headDim]`, by their tokens' positions.
    Tensor rope(Tensor x, RopeTable table, int headDim, Batch batch);

    /// Each head's columns times a weight of its own: `[rows, heads * in]` to `[rows, heads * out]`.
    Tensor perHead(Tensor x, List<Matrix> weights);

    /// The columns `from .. to - 1` of each of `heads` heads: `[rows, heads * (to - from)]`.
    Tensor headColumns(Tensor x, int heads, int from, int to);

    /// Each head's columns of `a` and then those of `b`.
    Tensor joinHeads(Tensor a, Tensor b, int heads);

    /// Multiplies each row by its token's factor.
    Tensor scaleByPosition(Tensor x, PositionScale scale, Batch batch);

    /// `down(activation(gate(x)) * up(x))`.
    Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation);

    /// Rotates `q` and `k` by their positions, appends `k` and `v` to the cache and attends, per segment.
    ///
    /// `q`: `[tokens, heads * headDim]`, `k`: `[tokens, kvHeads * headDim]`, `v`: `[tokens, kvHeads *
    /// valueDim]`, all contents are consumed; heads, kvHeads, headDim and valueDim follow from the shapes and
    /// the cache. The result is `[tokens, heads * valueDim]`: `softmax(scale * q k^T) v` over the positions
    /// that each token reaches, as [KvCache.Full#reach] and `spec` say. `k` and `v` null: those of the tokens
    /// are in the cache already, from another layer that shares it. `v` alone is null where the cache
    /// [KvCache.Full#isLatent]; nothing is rotated then, and there are no sinks.
    Tensor attention(
            Tensor q, @Nullable Tensor k, @Nullable Tensor v, AttentionSpec spec, Batch batch, KvCache.Full cache);

    /// Chooses for each token the positions that [#sparseAttention] attends to: `[tokens, topK]`, ascending, as
    /// numbers; of a token that sees no more than `topK` positions all, and what follows means nothing.
    ///
    /// Appends `k`, `[tokens, headDim]`, to the cache of keys. A position's score is the sum over the heads of
    /// `q`, `[tokens, heads * headDim]`, of `weight * max(0, q * k)`; `weights`: `[tokens, heads]`. Source:
    /// DeepSeek-V3.2, "lightning indexer".
    Tensor choosePositions(Tensor q, Tensor k, Tensor weights, int topK, Batch batch, KvCache.Full cache);

    /// As [#attention] with a cache that [KvCache.Full#isLatent], over the `positions` that [#choosePositions] gave
    /// alone.
    Tensor sparseAttention(Tensor q, Tensor k, Tensor positions, AttentionSpec spec, Batch batch, KvCache.Full cache);

    /// Convolves each segment with what came before it. The state begins at `stateAt` of the layer's.
    Tensor convolution(Tensor x, Convolution convolution, Batch batch, KvCache.State state, int stateAt);

    /// Runs the delta rule over each segment: `[tokens, valueHeads * valueDim]`.
    ///
    /// `qkv`: `[tokens, rule.width]`; `a` and `b`: `[tokens, valueHeads]`. The state begins at `stateAt` of the
    /// layer's.
    Tensor deltaRule(Tensor qkv, Tensor a, Tensor b, DeltaRule rule, Batch batch, KvCache.State state, int stateAt);

    /// Runs the state space over each segment: `[tokens, heads * headDim]`.
    ///
    /// `xbc`: `[tokens, space.width]`; `dt`: `[tokens, heads]`. The state begins at `stateAt` of the layer's.
    Tensor stateSpace(Tensor xbc, Tensor dt, StateSpace space, Batch batch, KvCache.State state, int stateAt);

    /// The rows of `x` whose logits the batch wants: `[batch.logitCount, x.cols]`.
    Tensor logitRows(Tensor x, Batch batch);

    /// Copies one row into `target` (at least `x.cols` floats), after everything that `x` depends on
    /// has run.
    void readRow(Tensor x, int row, float[] target);

    /// Calls `reader` once for each row of `x`, after everything that `x` depends on has run; several rows at a
    /// time where the backend has threads. Returns when all calls have, and throws what one of them threw.
    default void readRows(Tensor x, RowReader reader) {
        var values = new float[x.cols()];
        for (var row = 0; row < x.rows(); row++) {
            readRow(x, row, values);
            reader.read(0, row, values);
        }
    }

    /// How many rows [#readRows] hands out at a time at most.
    default int readers() {
        return 1;
    }

    /// Ends the backend's threads and frees its memory.
    @Override
    void close();
}
