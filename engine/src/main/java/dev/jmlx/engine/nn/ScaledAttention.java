package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.tensor.Tensor;

/// Attention with a factor for each position's queries (Ministral 3, Llama 4), which may as well come before the
/// rotation.
public record ScaledAttention(SelfAttention attention, PositionScale scale) implements Mixer {
    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var q = attention.qProj().apply(ops, x);
        var k = attention.kProj().apply(ops, x);
        var v = attention.vProj().apply(ops, x);
        q = ops.scaleByPosition(q, scale, batch);
        return attention.oProj().apply(ops, ops.attention(q, k, v, attention.spec(), batch, (KvCache.Full) cache));
    }

    @Override
    public CacheShape cacheShape() {
        return attention.cacheShape();
    }
}
