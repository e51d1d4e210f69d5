package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PostNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.function.IntFunction;

/// OLMo 2 and 3: norms behind attention and MLP, and one norm over all heads of the queries and keys. In OLMo 3
/// three layers of four have a sliding window, and rotation that no long context stretches.
///
/// Source: arXiv 2501.00656; mlx-lm `models/olmo2.py`, `models/olmo3.py`.
final class Olmo2 {
    private Olmo2() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        return load(config, weights, sizes, _ -> Reach.ALL);
    }

    static Model olmo3(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        return load(config, weights, sizes, Layers.reaches(config, sizes.layers(), layer -> (layer + 1) % 4 != 0));
    }

    private static Model load(ModelConfig config, Weights weights, Sizes sizes, IntFunction<Reach> reaches) {
        var activation = Layers.activation(config, "silu");
        var interleaved = config.flag("rope_traditional", false);
        var full = Rope.load(config, sizes.headDim(), 10_000, interleaved);
        var sliding = Rope.plain(sizes.headDim(), config.number("rope_theta", 10_000), interleaved);
        return Transformer.load(config, weights, sizes, (scope, layer) -> {
            var spec = AttentionSpec.of(sizes.scale(), reaches.apply(layer) instanceof Reach.All ? full : sliding);
            return new PostNormBlock(
                    withNorms(Llama.attention(scope, sizes, spec, reaches.apply(layer)), scope, sizes),
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation),
                    RmsNorm.load(scope, "post_feedforward_layernorm", sizes.hiddenSize(), sizes.eps()));
        });
    }

    /// With one norm over all heads of the queries and one over those of the keys.
    static SelfAttention withNorms(SelfAttention attention, Weights scope, Sizes sizes) {
        var weights = scope.scope("self_attn");
        return attention.withNorms(
                RmsNorm.load(weights, "q_norm", sizes.heads() * sizes.headDim(), sizes.eps()),
                RmsNorm.load(weights, "k_norm", sizes.kvHeads() * sizes.headDim(), sizes.eps()));
    }
}
