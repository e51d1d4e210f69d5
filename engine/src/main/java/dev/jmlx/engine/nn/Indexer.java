package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;

/// Chooses the `topK` positions that a token attends to, by small heads of queries that share one key for each
/// position (the "lightning indexer" of DeepSeek-V3.2). Factors that all scores have in common are left out.
public record Indexer(
        Linear wqB, Linear wk, LayerNorm kNorm, Linear weightsProj, RopeTable rope, int headDim, int topK) {
    private static final float NORM_EPS = 1e-5f;

    /// Far above what models have; each token of a step gets a list of so many.
    private static final int LARGEST_CHOICE = 1 << 16;

    /// Throws IllegalArgumentException where more is rotated than a head has, or too many positions are chosen.
    public Indexer {
        if (rope.dims() > headDim || topK > LARGEST_CHOICE) {
            throw new IllegalArgumentException(rope.dims() + " rotated dimensions in index heads of " + headDim + ", "
                    + topK + " chosen positions (at most " + LARGEST_CHOICE + ")");
        }
    }

    /// For `heads` heads of `headDim`, of which the first `rope.dims()` elements are rotated; `qRank`: of the
    /// compressed queries.
    public static Indexer load(
            Weights weights, int hiddenSize, int qRank, int heads, int headDim, int topK, RopeTable rope) {
        return new Indexer(
                Linear.load(weights, "wq_b", qRank, heads * headDim),
                Linear.load(weights, "wk", hiddenSize, headDim),
                LayerNorm.load(weights, "k_norm", headDim, NORM_EPS),
                Linear.load(weights, "weights_proj", hiddenSize, heads),
                rope,
                headDim,
                topK);
    }

    /// `[tokens, topK]`, as [Ops#choosePositions].
    Tensor choose(Ops ops, Tensor x, Tensor compressedQ, Batch batch, KvCache.Full cache) {
        var q = ops.rope(wqB.apply(ops, compressedQ), rope, headDim, batch);
        var k = ops.rope(kNorm.apply(ops, wk.apply(ops, x)), rope, headDim, batch);
        return ops.choosePositions(q, k, weightsProj.apply(ops, x), topK, batch, cache);
    }

    CacheShape cacheShape() {
        return new CacheShape(1, headDim, 0, Reach.ALL);
    }
}
