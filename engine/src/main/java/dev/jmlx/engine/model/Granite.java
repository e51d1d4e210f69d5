package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Granite 3: Llama's block with multipliers for embeddings, attention scores, residuals and logits; an MLP, or
/// experts.
///
/// Source: mlx-lm `models/granite.py`, `models/granitemoe.py`.
final class Granite {
    private Granite() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        return load(
                config,
                weights,
                sizes,
                scope -> GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation));
    }

    static Model moe(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        return load(
                config,
                weights,
                sizes,
                scope -> experts(config, scope.scope("block_sparse_moe"), sizes, activation, null));
    }

    /// Those of Granite 4, too, which has an MLP for all tokens beside them: the router's softmax is over the chosen
    /// ones.
    static Moe experts(
            ModelConfig config, Weights weights, Sizes sizes, Activation activation, @Nullable FeedForward shared) {
        var count = config.integer("num_local_experts", 1);
        return new Moe(
                Linear.load(weights, "router.layer", sizes.hiddenSize(), count),
                Routing.softmax(config.integer("num_experts_per_tok", 1), true),
                Moe.loadExperts(
                        weights.scope("switch_mlp"), count, sizes.hiddenSize(), sizes.intermediateSize(), activation),
                shared,
                null);
    }

    private static Model load(
            ModelConfig config, Weights weights, Sizes sizes, Function<Weights, FeedForward> feedForward) {
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
                        feedForward.apply(scope),
                        residual));
        var embedding = (float) config.number("embedding_multiplier");
        return model.scaled(embedding, (float) (1 / config.number("logits_scaling")), 0);
    }
}
