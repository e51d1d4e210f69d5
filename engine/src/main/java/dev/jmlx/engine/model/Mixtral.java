package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Mixtral: Llama's block with eight MLPs, of which each token takes two.
///
/// Source: arXiv 2401.04088; mlx-lm `models/mixtral.py`.
final class Mixtral {
    private Mixtral() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var experts = config.integer("num_local_experts", 1, 8);
        var routing = Routing.softmax(config.integer("num_experts_per_tok", 1, 2), true);
        var rope = Rope.load(config, sizes.headDim(), 1_000_000, config.flag("rope_traditional", false));
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(config, weights, sizes, (scope, _) -> {
            var moe = scope.scope("block_sparse_moe");
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    Llama.attention(scope, sizes, spec, Reach.ALL),
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    new Moe(
                            Linear.load(moe, "gate", sizes.hiddenSize(), experts),
                            routing,
                            Moe.loadExperts(
                                    moe.scope("switch_mlp"),
                                    experts,
                                    sizes.hiddenSize(),
                                    sizes.intermediateSize(),
                                    activation)));
        });
    }
}
