package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// GLM-4.5: DeepSeek's experts behind attention with biases and, in the large one, norms for each head.
///
/// Source: arXiv 2508.06471; mlx-lm `models/glm4_moe.py`.
final class Glm4Moe {
    private Glm4Moe() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        weights.skipPart(Layers.SECOND_TOKEN, "model.layers." + sizes.layers() + ".");
        var dims = (int) (sizes.headDim() * config.number("partial_rotary_factor", 1));
        var rope = Rope.load(config, dims, 10_000, false);
        var spec = AttentionSpec.of(sizes.scale(), rope);
        var isNormed = config.flag("use_qk_norm", false);
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        isNormed ? Qwen3.attention(scope, sizes, spec) : Llama.attention(scope, sizes, spec, Reach.ALL),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        DeepseekMoe.load(config, scope.scope("mlp"), sizes, layer)));
    }
}
