package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Qwen3: Llama's block with a norm for each head of the queries and keys.
///
/// Source: arXiv 2505.09388; mlx-lm `models/qwen3.py`.
final class Qwen3 {
    private Qwen3() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var spec = AttentionSpec.of(sizes.scale(), Rope.load(config, sizes.headDim(), 1_000_000, false));
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, _) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        attention(scope, sizes, spec),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation)));
    }

    /// The attention under `self_attn`, with its norms.
    static SelfAttention attention(Weights scope, Sizes sizes, AttentionSpec spec) {
        var weights = scope.scope("self_attn");
        return Llama.attention(scope, sizes, spec, Reach.ALL)
                .withNorms(
                        RmsNorm.load(weights, "q_norm", sizes.headDim(), sizes.eps()),
                        RmsNorm.load(weights, "k_norm", sizes.headDim(), sizes.eps()));
    }
}
