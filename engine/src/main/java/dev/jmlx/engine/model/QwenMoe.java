package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Qwen2 and Qwen3 with experts: Qwen2 adds one that all tokens share, weighed by a gate of its own; Qwen3 has
/// norms for each head, and dense layers where the file names them.
///
/// Source: arXiv 2407.10671, 2505.09388; mlx-lm `models/qwen2_moe.py`, `models/qwen3_moe.py`.
final class QwenMoe {
    private QwenMoe() {}

    static Model qwen2(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var rope = Rope.load(config, sizes.headDim(), 1_000_000, config.flag("rope_traditional", false));
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, _) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        Llama.attention(scope, sizes, spec, Reach.ALL),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        moe(config, scope.scope("mlp"), sizes, false)));
    }

    static Model qwen3(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var spec = AttentionSpec.of(sizes.scale(), Rope.load(config, sizes.headDim(), 1_000_000, false));
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        Qwen3.attention(scope, sizes, spec),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        feedForward(config, scope.scope("mlp"), sizes, layer)));
    }

    /// The experts of `layer`, or its MLP where it is a dense one.
    static FeedForward feedForward(ModelConfig config, Weights weights, Sizes sizes, int layer) {
        var isDense = Arrays.stream(config.integers("mlp_only_layers")).anyMatch(dense -> dense == layer)
                || (layer + 1) % config.integer("decoder_sparse_step", 1, 1) != 0;
        return isDense
                ? GatedMlp.load(
                        weights, sizes.hiddenSize(), sizes.intermediateSize(), Layers.activation(config, "silu"))
                : moe(config, weights, sizes, true);
    }

    /// `normalized`: where the file does not say.
    private static Moe moe(ModelConfig config, Weights weights, Sizes sizes, boolean normalized) {
        var activation = Layers.activation(config, "silu");
        var experts = config.integer("num_experts", 1);
        var size = config.integer("moe_intermediate_size", 1);
        return new Moe(
                Linear.load(weights, "gate", sizes.hiddenSize(), experts),
                Routing.softmax(config.integer("num_experts_per_tok", 1), config.flag("norm_topk_prob", normalized)),
                Moe.loadExperts(weights.scope("switch_mlp"), experts, sizes.hiddenSize(), size, activation),
                sharedExpert(config, weights, sizes),
                hasSharedExpert(config) ? Linear.load(weights, "shared_expert_gate", sizes.hiddenSize(), 1) : null);
    }

    private static @Nullable FeedForward sharedExpert(ModelConfig config, Weights weights, Sizes sizes) {
        if (!hasSharedExpert(config)) {
            return null;
        }
        var size = config.integer("shared_expert_intermediate_size", 1);
        var scope = weights.scope("shared_expert");
        return GatedMlp.load(scope, sizes.hiddenSize(), size, Layers.activation(config, "silu"));
    }

    /// Some files of models without one say 0.
    private static boolean hasSharedExpert(ModelConfig config) {
        return config.integer("shared_expert_intermediate_size", 0, 0) > 0;
    }
}
