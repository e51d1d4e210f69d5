package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Phi-3 and Phi-4-mini: Llama's block with queries, keys and values in one matrix, gate and up in another, and
/// rotation of a part of each head.
///
/// Its sliding window is longer than the reference's caches, and ignored as there. Source: arXiv 2404.14219; mlx-lm
/// `models/phi3.py`.
final class Phi3 {
    private Phi3() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var dims = (int) (sizes.headDim() * config.number("partial_rotary_factor", 1));
        var rope = Rope.load(config, dims, 10_000, config.flag("rope_traditional", false));
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, _) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        attention(scope.scope("self_attn"), sizes, spec),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        GatedMlp.loadFused(
                                scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation)));
    }

    private static SelfAttention attention(Weights weights, Sizes sizes, AttentionSpec spec) {
        var qSize = sizes.heads() * sizes.headDim();
        var kvSize = sizes.kvHeads() * sizes.headDim();
        var qkv = Linear.loadParts(weights, "qkv_proj", sizes.hiddenSize(), qSize, kvSize, kvSize);
        return new SelfAttention(
                qkv.get(0),
                qkv.get(1),
                qkv.get(2),
                Linear.load(weights, "o_proj", qSize, sizes.hiddenSize()),
                null,
                null,
                spec,
                sizes.cache(Reach.ALL));
    }
}
