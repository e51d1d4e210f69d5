package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.IndexedShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Multi-head latent attention (DeepSeek): all heads share one compressed key and value for each position.
///
/// The matrices that would unfold it for each head are absorbed: `embedQ` brings queries into the compressed
/// space, `unembedOut` brings results out of it, so that the cache holds the compressed row alone and attention
/// has one key-value head. Queries are compressed, too, where `qAProj` is not null. Where there is an
/// `indexer`, tokens attend to the positions that it chooses. Source: arXiv 2405.04434.
public record LatentAttention(
        @Nullable Linear qAProj,
        @Nullable RmsNorm qALayernorm,
        Linear qProj,
        Linear kvAProjWithMqa,
        RmsNorm kvALayernorm,
        List<Matrix> embedQ,
        List<Matrix> unembedOut,
        Linear oProj,
        RopeTable rope,
        float scale,
        @Nullable Indexer indexer)
        implements Mixer {

    /// Throws IllegalArgumentException where an indexer has no compressed queries to read.
    public LatentAttention {
        if (indexer != null && qAProj == null) {
            throw new IllegalArgumentException("an indexer reads compressed queries, and there are none");
        }
    }

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var heads = embedQ.size();
        var plain = embedQ.getFirst().cols();
        var rank = embedQ.getFirst().rows();
        var compressedQ = qAProj == null || qALayernorm == null ? x : qALayernorm.apply(ops, qAProj.apply(ops, x));
        var q = qProj.apply(ops, compressedQ);
        var qRotated = ops.headColumns(q, heads, plain, plain + rope.dims());
        var compressed = kvAProjWithMqa.apply(ops, x);
        var latent = kvALayernorm.apply(ops, ops.headColumns(compressed, 1, 0, rank));
        var kRotated = ops.headColumns(compressed, 1, rank, rank + rope.dims());
        var qLatent = ops.perHead(ops.headColumns(q, heads, 0, plain), embedQ);
        var queries = ops.joinHeads(qLatent, ops.rope(qRotated, rope, rope.dims(), batch), heads);
        var keys = ops.joinHeads(latent, ops.rope(kRotated, rope, rope.dims(), batch), 1);
        var spec = AttentionSpec.of(scale, null);
        if (indexer == null) {
            var attended = ops.attention(queries, keys, null, spec, batch, (KvCache.Full) cache);
            return oProj.apply(ops, ops.perHead(attended, unembedOut));
        }
        var caches = (KvCache.Indexed) cache;
        var positions = indexer.choose(ops, x, compressedQ, batch, caches.index());
        var attended = ops.sparseAttention(queries, keys, positions, spec, batch, caches.attended());
        return oProj.apply(ops, ops.perHead(attended, unembedOut));
    }

    @Override
    public LayerShape cacheShape() {
        var rank = embedQ.getFirst().rows();
        var shape = CacheShape.latent(rank + rope.dims(), rank);
        return indexer == null ? shape : new IndexedShape(shape, indexer.cacheShape());
    }
}
