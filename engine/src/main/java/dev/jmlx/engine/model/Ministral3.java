package dev.jmlx.engine.model;

import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.ScaledAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;

/// Ministral 3: Llama's block with queries that grow with their position.
///
/// Source: mlx-lm `models/ministral3.py`.
final class Ministral3 {
    private Ministral3() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var reaches = Layers.reaches(config, sizes.layers(), _ -> false);
        var spec = AttentionSpec.of(sizes.scale(), Rope.load(config, sizes.headDim(), 10_000, false));
        var rope = config.objectOrNull("rope_parameters");
        if (rope == null) {
            throw new ModelLoadException("config.json: \"rope_parameters\" is missing");
        }
        var scale = new PositionScale(
                rope.number("llama_4_scaling_beta"), rope.integer("original_max_position_embeddings", 1), 0);
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        new ScaledAttention(Llama.attention(scope, sizes, spec, reaches.apply(layer)), scale),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation)));
    }
}
