package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Granite 3: Llama's block with multipliers for embeddings, attention scores, residuals and logits.
///
/// Source: mlx-lm `models/granite.py`.
final class Granite {
    private Granite() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var rope = Rope.load(config, sizes.headDim(), 10_000, false);
        var spec = AttentionSpec.of((float) config.number("attention_multiplier"), rope);
        var residual = (float) config.number("residual_multiplier");
        var model = Transformer.load(
                config,
                weights,
                sizes,
                (scope, _) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        Llama.attention(scope, sizes, spec, Reach.ALL),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation),
                        residual));
        var embedding = (float) config.number("embedding_multiplier");
        return model.scaled(embedding, (float) (1 / config.number("logits_scaling")), 0);
    }
}
