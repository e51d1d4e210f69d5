package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// Attention whose results pass a sigmoid gate (Qwen3-Next): the projection of the queries gives both, head by
/// head.
///
/// `attention` has norms; its `qProj` is twice as wide as its heads.
public record GatedAttention(SelfAttention attention, RmsNorm qNorm, RmsNorm kNorm, int heads) implements Mixer {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var full = (KvCache.Full) cache;
        var both = attention.qProj().apply(ops, x);
        var k = attention.kProj().apply(ops, x);
        var v = attention.vProj().apply(ops, x);
        var headDim = full.headDim();
        var q = qNorm.apply(ops, ops.headColumns(both, heads, 0, headDim));
        var gate = ops.headColumns(both, heads, headDim, 2 * headDim);
        var attended = ops.attention(q, kNorm.apply(ops, k), v, attention.spec(), batch, full);
        return attention.oProj().apply(ops, ops.gated(gate, attended, Activation.SIGMOID));
    }

    @Override
    public LayerShape cacheShape() {
        return attention.cacheShape();
    }
}
