package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.LayerNorm;
import dev.jmlx.engine.nn.ParallelBlock;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Command R7B and A: attention and MLP side by side behind one layer norm; three layers of four have a sliding
/// window and rotate, the fourth sees everything and does not.
///
/// Source: mlx-lm `models/cohere2.py`.
final class Cohere2 {
    private Cohere2() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config, "layer_norm_eps");
        var activation = Layers.activation(config, "silu");
        var pattern = config.integer("sliding_window_pattern", 1, 4);
        var reaches = Layers.reaches(config, sizes.layers(), layer -> (layer + 1) % pattern != 0);
        var rope = Rope.plain(sizes.headDim(), config.number("rope_theta", 50_000), true);
        var model = Transformer.load(
                weights,
                sizes,
                true,
                (scope, layer) -> {
                    var rotates = !(reaches.apply(layer) instanceof Reach.All);
                    var spec = AttentionSpec.of(sizes.scale(), rotates ? rope : null);
                    return new ParallelBlock(
                            LayerNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                            Llama.attention(scope, sizes, spec, reaches.apply(layer)),
                            GatedMlp.load(
                                    scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation));
                },
                scope -> LayerNorm.load(scope, "norm", sizes.hiddenSize(), sizes.eps()));
        return model.scaled(1, (float) config.number("logit_scale", 0.0625), 0);
    }
}
