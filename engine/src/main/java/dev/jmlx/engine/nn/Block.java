package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// One layer of a transformer: a [Mixer] and a [FeedForward], added to what came in.
public interface Block {

    /// `[tokens, hiddenSize]` to the same; `cache` is the layer's own.
    Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache);

    /// What the layer keeps of past tokens.
    LayerShape cacheShape();
}
