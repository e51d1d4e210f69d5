package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// Llama 1 to 3, and the models that share its shape: Mistral 7B, SmolLM2, TinyLlama; Qwen2 and Seed-OSS with
/// biases, SmolLM3 with layers without rotation, ERNIE 4.5.
///
/// Source: arXiv 2302.13971, 2407.21783; mlx-lm `models/llama.py`.
final class Llama {
    private Llama() {}

    static Model load(ModelConfig config, Weights weights) {
        return load(config, weights, 10_000, config.flag("rope_traditional", false));
    }

    /// The same with another base where the file has none.
    static Model qwen2(ModelConfig config, Weights weights) {
        return load(config, weights, 1_000_000, config.flag("rope_traditional", false));
    }

    /// Pairs of the rotation are neighbours.
    static Model ernie45(ModelConfig config, Weights weights) {
        return load(config, weights, 10_000, true);
    }

    /// Each fourth layer, or those that `no_rope_layers` has a 0 for, does not rotate.
    static Model smolLm3(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var rope = Rope.load(config, sizes.headDim(), 10_000, config.flag("rope_traditional", false));
        var interval = config.integer("no_rope_layer_interval", 1, 4);
        var rotates = config.integers("no_rope_layers");
        return load(config, weights, sizes, layer -> {
            var isRotated = rotates.length == sizes.layers() ? rotates[layer] != 0 : (layer + 1) % interval != 0;
            return isRotated ? rope : null;
        });
    }

    private static Model load(ModelConfig config, Weights weights, double theta, boolean interleaved) {
        var sizes = Sizes.load(config);
        var rope = Rope.load(config, sizes.headDim(), theta, interleaved);
        return load(config, weights, sizes, _ -> rope);
    }

    private static Model load(
            ModelConfig config, Weights weights, Sizes sizes, IntFunction<@Nullable RopeTable> ropes) {
        var activation = Layers.activation(config, "silu");
        var reaches = Layers.reaches(config, sizes.layers(), _ -> false);
        return Transformer.load(config, weights, sizes, (scope, layer) -> {
            var spec = AttentionSpec.of(sizes.scale(), ropes.apply(layer));
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    attention(scope, sizes, spec, reaches.apply(layer)),
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation));
        });
    }

    /// The attention under `self_attn`, as most architectures have it.
    static SelfAttention attention(Weights scope, Sizes sizes, AttentionSpec spec, Reach reach) {
        return SelfAttention.load(
                scope.scope("self_attn"), sizes.hiddenSize(), sizes.heads(), spec, sizes.cache(reach));
    }
}
