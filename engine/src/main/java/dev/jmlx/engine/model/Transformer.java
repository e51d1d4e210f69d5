package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.nn.Block;
import dev.jmlx.engine.nn.Embedding;
import dev.jmlx.engine.nn.Head;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Norm;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Embedding, blocks, norm, head: what nearly all architectures are. They differ in their blocks.
record Transformer(Sizes sizes, Embedding embed, List<Block> blocks, Norm norm, Head head) implements Model {

    /// How an architecture reads one layer.
    @FunctionalInterface
    interface BlockLoader {
        Block load(Weights weights, int layer);
    }

    /// With the usual names: `model.embed_tokens`, `model.layers.N`, `model.norm`, and `lm_head` unless the
    /// embedding serves for it: where `tie_word_embeddings` says so, or says nothing and there is no `lm_head`.
    static Transformer load(ModelConfig config, Weights weights, Sizes sizes, BlockLoader block) {
        var tied = config.flag("tie_word_embeddings", !weights.has("lm_head.weight"));
        return load(weights, sizes, tied, block, scope -> RmsNorm.load(scope, "norm", sizes.hiddenSize(), sizes.eps()));
    }

    /// The same, with another norm at the end.
    static Transformer load(
            Weights weights, Sizes sizes, boolean tied, BlockLoader block, Function<Weights, Norm> lastNorm) {
        weights.skip("rotary_emb.inv_freq");
        var model = weights.scope("model");
        var blocks = new ArrayList<Block>();
        for (var layer = 0; layer < sizes.layers(); layer++) {
            blocks.add(block.load(model.scope("layers." + layer), layer));
        }
        var embed = Embedding.load(model, "embed_tokens", sizes.vocabSize(), sizes.hiddenSize());
        var norm = lastNorm.apply(model);
        return new Transformer(sizes, embed, List.copyOf(blocks), norm, Head.of(head(weights, sizes, tied, embed)));
    }

    private static Linear head(Weights weights, Sizes sizes, boolean tied, Embedding embed) {
        if (tied) {
            weights.skip("lm_head.weight");
            return embed.asLinear();
        }
        var name = weights.has("output.weight") ? "output" : "lm_head";
        return Linear.load(weights, name, sizes.hiddenSize(), sizes.vocabSize());
    }

    /// The same with embeddings and logits multiplied, and logits bounded where `softcap` is above 0.
    Transformer scaled(float embeddingFactor, float logitFactor, float softcap) {
        return new Transformer(
                sizes, embed.times(embeddingFactor), blocks, norm, new Head(head.linear(), logitFactor, softcap));
    }

    @Override
    public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
        var x = embed.apply(ops, batch);
        for (var i = 0; i < blocks.size(); i++) {
            x = blocks.get(i).apply(ops, x, batch, caches.layer(i));
            ops.keepOnly(x);
        }
        return head.apply(ops, norm.apply(ops, ops.logitRows(x, batch)));
    }

    @Override
    public List<LayerShape> cacheShapes() {
        return blocks.stream().map(Block::cacheShape).toList();
    }

    @Override
    public int vocabSize() {
        return sizes.vocabSize();
    }

    @Override
    public int contextLength() {
        return sizes.contextLength();
    }
}
