package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x += norm(mixer(norm(x))); x += norm(mlp(norm(x)))`: the block of Gemma 2 and 3 and of GLM-4.
public record SandwichBlock(
        Norm beforeMixer, Mixer mixer, Norm afterMixer, Norm beforeMlp, FeedForward mlp, Norm afterMlp)
        implements Block {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var mixed = ops.add(x, afterMixer.apply(ops, mixer.apply(ops, beforeMixer.apply(ops, x), batch, cache)));
        return ops.add(mixed, afterMlp.apply(ops, mlp.apply(ops, beforeMlp.apply(ops, mixed))));
    }

    @Override
    public LayerShape cacheShape() {
        return mixer.cacheShape();
    }
}
