package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import org.jspecify.annotations.Nullable;

/// Causal self-attention with grouped key and value heads.
///
/// `qNorm` and `kNorm`, where a model has them, come before the rotation and have one weight for each element of a
/// head or of all heads.
public record SelfAttention(
        Linear qProj,
        Linear kProj,
        Linear vProj,
        Linear oProj,
        @Nullable RmsNorm qNorm,
        @Nullable RmsNorm kNorm,
        AttentionSpec spec,
        CacheShape cacheShape)
        implements Mixer {

    /// Throws IllegalArgumentException where more is rotated than a head has.
    public SelfAttention {
        var rope = spec.rope();
        if (rope != null && rope.dims() > cacheShape.headDim()) {
            throw new IllegalArgumentException(rope.dims() + " rotated dimensions in heads of " + cacheShape.headDim());
        }
    }

    /// Reads `q_proj`, `k_proj`, `v_proj` and `o_proj` for `heads` heads; the others are the cache's.
    public static SelfAttention load(
            Weights weights, int hiddenSize, int heads, AttentionSpec spec, CacheShape cacheShape) {
        var kvSize = cacheShape.kvHeads() * cacheShape.headDim();
        var qSize = heads * cacheShape.headDim();
        return new SelfAttention(
                Linear.load(weights, "q_proj", hiddenSize, qSize),
                Linear.load(weights, "k_proj", hiddenSize, kvSize),
                Linear.load(weights, "v_proj", hiddenSize, kvSize),
                Linear.load(weights, "o_proj", qSize, hiddenSize),
                null,
                null,
                spec,
                cacheShape);
    }

    /// The same with norms.
    public SelfAttention withNorms(RmsNorm q, RmsNorm k) {
        return new SelfAttention(qProj, kProj, vProj, oProj, q, k, spec, cacheShape);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var q = qProj.apply(ops, x);
        var k = kProj.apply(ops, x);
        var v = vProj.apply(ops, x);
        if (qNorm != null) {
            q = qNorm.apply(ops, q);
        }
        if (kNorm != null) {
            k = kNorm.apply(ops, k);
        }
        return oProj.apply(ops, ops.attention(q, k, v, spec, batch, (KvCache.Full) cache));
    }
}
