package dev.jmlx.engine.model;

import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// The experts of DeepSeek V2 and V3, which Kimi K2 and GLM-4.5 have as well: in groups, chosen with a
/// correction that balances them, beside one that all tokens share; the first layers are dense.
///
/// Source: arXiv 2412.19437; mlx-lm `models/deepseek_v3.py`, `models/deepseek_v2.py`.
final class DeepseekMoe {
    private DeepseekMoe() {}

    static FeedForward load(ModelConfig config, Weights weights, Sizes sizes, int layer) {
        var activation = Layers.activation(config, "silu");
        var isDense = layer < config.integer("first_k_dense_replace", 0, 0)
                || layer % config.integer("moe_layer_freq", 1, 1) != 0;
        if (isDense || !config.has("n_routed_experts")) {
            return GatedMlp.load(weights, sizes.hiddenSize(), sizes.intermediateSize(), activation);
        }
        var experts = config.integer("n_routed_experts", 1);
        var size = config.integer("moe_intermediate_size", 1);
        var shared = config.integer("n_shared_experts", 0, 0);
        return new Moe(
                Linear.load(weights, "gate", sizes.hiddenSize(), experts),
                routing(config, weights, experts),
                Moe.loadExperts(weights.scope("switch_mlp"), experts, sizes.hiddenSize(), size, activation),
                shared == 0
                        ? null
                        : GatedMlp.load(weights.scope("shared_experts"), sizes.hiddenSize(), shared * size, activation),
                null);
    }

    /// V2 chooses by a softmax, of groups only where `topk_method` says so; V3 by sigmoids with a correction.
    private static Routing routing(ModelConfig config, Weights weights, int experts) {
        var isSigmoid = config.string("scoring_func", "sigmoid").equals("sigmoid");
        var isGrouped = isSigmoid || config.string("topk_method", "greedy").equals("group_limited_greedy");
        return new Routing(
                isSigmoid ? Routing.Kind.SIGMOID : Routing.Kind.SOFTMAX,
                config.integer("num_experts_per_tok", 1),
                isSigmoid && config.flag("norm_topk_prob", true),
                (float) config.number("routed_scaling_factor", 1),
                isSigmoid ? weights.vector("gate.e_score_correction_bias", experts) : null,
                isGrouped ? config.integer("n_group", 1, 1) : 1,
                isGrouped ? config.integer("topk_group", 1, 1) : 1);
    }
}
