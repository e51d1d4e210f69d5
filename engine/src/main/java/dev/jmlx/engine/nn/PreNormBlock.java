package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x += f * mixer(norm(x)); x += f * mlp(norm(x))`: the block of Llama and of most models since.
///
/// `residualFactor` is 1 in nearly all of them.
public record PreNormBlock(
        Norm inputLayernorm, Mixer mixer, Norm postAttentionLayernorm, FeedForward mlp, float residualFactor)
        implements Block {

    public PreNormBlock(Norm inputLayernorm, Mixer mixer, Norm postAttentionLayernorm, FeedForward mlp) {
        this(inputLayernorm, mixer, postAttentionLayernorm, mlp, 1);
    }

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var mixed = ops.add(x, scaled(ops, mixer.apply(ops, inputLayernorm.apply(ops, x), batch, cache)));
        return ops.add(mixed, scaled(ops, mlp.apply(ops, postAttentionLayernorm.apply(ops, mixed))));
    }

    private Tensor scaled(Ops ops, Tensor x) {
        return residualFactor == 1 ? x : ops.scale(x, residualFactor);
    }

    @Override
    public LayerShape cacheShape() {
        return mixer.cacheShape();
    }
}
