package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Tensor;

/// Attention whose queries and keys are rotated first and normed then (Hunyuan, Llama 4); `attention` itself
/// does neither.
public record LateNormAttention(SelfAttention attention, RopeTable rope, RmsNorm qNorm, RmsNorm kNorm)
        implements Mixer {
    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var q = attention.qProj().apply(ops, x);
        var k = attention.kProj().apply(ops, x);
        var v = attention.vProj().apply(ops, x);
        var headDim = attention.cacheShape().headDim();
        q = qNorm.apply(ops, ops.rope(q, rope, headDim, batch));
        k = kNorm.apply(ops, ops.rope(k, rope, headDim, batch));
        return attention.oProj().apply(ops, ops.attention(q, k, v, attention.spec(), batch, (KvCache.Full) cache));
    }

    @Override
    public CacheShape cacheShape() {
        return attention.cacheShape();
    }
}
