package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// MiniMax M2: experts chosen by corrected sigmoids, rotation of a part of each head, one norm over all heads.
///
/// Source: mlx-lm `models/minimax.py`.
final class MiniMax {
    private MiniMax() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var experts = config.integer("num_local_experts", 1);
        var topK = config.integer("num_experts_per_tok", 1);
        var rope = Rope.plain(
                config.integer("rotary_dim", 2, sizes.headDim()), config.number("rope_theta", 10_000), false);
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(config, weights, sizes, (scope, _) -> {
            var moe = scope.scope("block_sparse_moe");
            var correction = moe.vector("e_score_correction_bias", experts);
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    attention(config, scope, sizes, spec),
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    new Moe(
                            Linear.load(moe, "gate", sizes.hiddenSize(), experts),
                            new Routing(Routing.Kind.SIGMOID, topK, true, 1, correction, 1, 1),
                            Moe.loadExperts(
                                    moe.scope("switch_mlp"),
                                    experts,
                                    sizes.hiddenSize(),
                                    sizes.intermediateSize(),
                                    activation)));
        });
    }

    private static Mixer attention(ModelConfig config, Weights scope, Sizes sizes, AttentionSpec spec) {
        var attention = Llama.attention(scope, sizes, spec, Reach.ALL);
        return config.flag("use_qk_norm", true) ? Olmo2.withNorms(attention, scope, sizes) : attention;
    }
}
