package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// `x + mixer(norm(x))`: a layer that is a mixer alone.
public record MixerBlock(Norm norm, Mixer mixer) implements Block {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        return ops.add(x, mixer.apply(ops, norm.apply(ops, x), batch, cache));
    }

    @Override
    public LayerShape cacheShape() {
        return mixer.cacheShape();
    }
}
