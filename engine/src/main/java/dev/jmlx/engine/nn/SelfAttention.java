package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/// Causal self-attention with grouped key and value heads.
///
/// `scale` multiplies the scores, usually `1 / sqrt(headDim)`. `rope` null: no position embedding.
public record SelfAttention(
        Linear qProj,
        Linear kProj,
        Linear vProj,
        Linear oProj,
        @Nullable RopeTable rope,
        float scale) {

    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache.Full cache) {
        var q = qProj.apply(ops, x);
        var k = kProj.apply(ops, x);
        var v = vProj.apply(ops, x);
        return oProj.apply(ops, ops.attention(q, k, v, rope, scale, batch, cache));
    }
}
