package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.LateNormAttention;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Hunyuan, dense: Llama's block with a norm for each head of the queries and keys, behind the rotation.
///
/// Source: mlx-lm `models/hunyuan_v1_dense.py`.
final class Hunyuan {
    private Hunyuan() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var scaling = Rope.scaling(config);
        var alpha = scaling == null ? 1 : scaling.number("alpha", 1);
        var theta = Rope.alphaTheta(config.number("rope_theta", 10_000), alpha, sizes.headDim());
        var rope = Rope.plain(sizes.headDim(), theta, false);
        var isNormed = config.flag("use_qk_norm", true);
        return Transformer.load(config, weights, sizes, (scope, _) -> {
            var spec = AttentionSpec.of(sizes.scale(), isNormed ? null : rope);
            var attention = Llama.attention(scope, sizes, spec, Reach.ALL);
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    isNormed ? normed(scope.scope("self_attn"), attention, rope, sizes) : attention,
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation));
        });
    }

    private static LateNormAttention normed(Weights weights, SelfAttention attention, RopeTable rope, Sizes sizes) {
        return new LateNormAttention(
                attention,
                rope,
                RmsNorm.load(weights, "query_layernorm", sizes.headDim(), sizes.eps()),
                RmsNorm.load(weights, "key_layernorm", sizes.headDim(), sizes.eps()));
    }
}
