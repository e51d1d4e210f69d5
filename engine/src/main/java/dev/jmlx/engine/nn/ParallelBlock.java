package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x + mixer(norm(x)) + mlp(norm(x))`, with one norm: the block of Cohere's models.
public record ParallelBlock(Norm inputLayernorm, Mixer mixer, FeedForward mlp) implements Block {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var normed = inputLayernorm.apply(ops, x);
        return ops.add(ops.add(x, mixer.apply(ops, normed, batch, cache)), mlp.apply(ops, normed));
    }

    @Override
    public LayerShape cacheShape() {
        return mixer.cacheShape();
    }
}
