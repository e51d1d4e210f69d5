package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import java.util.List;

/// A loaded architecture: from a batch of tokens to the logits of the rows that the batch wants.
///
/// Implementations are immutable records over weights; all state is in the caches. Called by the engine thread.
public interface Model {

    /// Logits `[batch.logitCount, vocabSize]`; the batch's tokens are in `caches` afterwards.
    Tensor forward(Ops ops, Batch batch, KvCaches caches);

    /// What its layers keep of past tokens, in the order in which [#forward] asks `caches` for them.
    List<? extends LayerShape> cacheShapes();

    int vocabSize();

    /// Tokens that a sequence may have in all, as `config.json` says.
    int contextLength();
}
