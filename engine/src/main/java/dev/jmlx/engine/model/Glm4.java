package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SandwichBlock;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// GLM-4: norms before and behind attention and MLP, gate and up in one matrix, rotation of neighbours in a part of
/// each head.
///
/// Source: arXiv 2406.12793; mlx-lm `models/glm4.py`.
final class Glm4 {
    private Glm4() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var dims = (int) (sizes.headDim() * config.number("partial_rotary_factor", 1));
        var rope = Rope.load(config, dims, 10_000, config.flag("rope_traditional", true));
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(
                weights,
                sizes,
                false,
                (scope, _) -> new SandwichBlock(
                        norm(scope, "input_layernorm", sizes),
                        Llama.attention(scope, sizes, spec, Reach.ALL),
                        norm(scope, "post_self_attn_layernorm", sizes),
                        norm(scope, "post_attention_layernorm", sizes),
                        GatedMlp.loadFused(
                                scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation),
                        norm(scope, "post_mlp_layernorm", sizes)),
                scope -> norm(scope, "norm", sizes));
    }

    private static RmsNorm norm(Weights weights, String name, Sizes sizes) {
        return RmsNorm.load(weights, name, sizes.hiddenSize(), sizes.eps());
    }
}
