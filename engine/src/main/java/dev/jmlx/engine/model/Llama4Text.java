package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;

/// The small dense relatives of Llama 4 (MobileLLM-P1): Llama's block with norms without weights for each head
/// of the queries and keys, and layers that do not rotate.
///
/// Source: mlx-lm `models/llama4_text.py`.
final class Llama4Text {
    private Llama4Text() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var activation = Layers.activation(config, "silu");
        var mlpSize = config.integer("intermediate_size_mlp", 1);
        var rotates = config.integers("no_rope_layers");
        if (rotates.length != sizes.layers()) {
            throw new ModelLoadException(
                    "config.json: no_rope_layers has " + rotates.length + " entries for " + sizes.layers() + " layers");
        }
        var rope = Rope.plain(sizes.headDim(), config.number("rope_theta", 10_000), true);
        var norm = RmsNorm.plain(sizes.headDim(), sizes.eps());
        var isNormed = config.flag("use_qk_norm", false);
        return Transformer.load(config, weights, sizes, (scope, layer) -> {
            var spec = AttentionSpec.of(sizes.scale(), rotates[layer] != 0 ? rope : null);
            var attention = Llama.attention(scope, sizes, spec, Reach.ALL);
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    isNormed ? attention.withNorms(norm, norm) : attention,
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    GatedMlp.load(scope.scope("feed_forward"), sizes.hiddenSize(), mlpSize, activation));
        });
    }
}
