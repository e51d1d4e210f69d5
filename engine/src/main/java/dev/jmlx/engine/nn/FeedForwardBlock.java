package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x + mlp(norm(x))`: a layer that keeps nothing of past tokens.
public record FeedForwardBlock(Norm norm, FeedForward mlp) implements Block {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        return ops.add(x, mlp.apply(ops, norm.apply(ops, x)));
    }

    @Override
    public LayerShape cacheShape() {
        return new StateShape(0);
    }
}
