package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x += norm(mixer(x)); x += norm(mlp(x))`: the block of OLMo 2 and 3.
public record PostNormBlock(Mixer mixer, Norm postAttentionLayernorm, FeedForward mlp, Norm postFeedforwardLayernorm)
        implements Block {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var mixed = ops.add(x, postAttentionLayernorm.apply(ops, mixer.apply(ops, x, batch, cache)));
        return ops.add(mixed, postFeedforwardLayernorm.apply(ops, mlp.apply(ops, mixed)));
    }

    @Override
    public LayerShape cacheShape() {
        return mixer.cacheShape();
    }
}
