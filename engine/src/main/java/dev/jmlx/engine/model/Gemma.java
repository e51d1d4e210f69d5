package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SandwichBlock;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.function.BiFunction;

/// Gemma 2 and 3: norms before and behind attention and MLP, whose weights are differences from 1; embeddings times
/// the root of their size. Gemma 2 bounds scores and logits; Gemma 3 has a norm for each head and, in all but each
/// sixth layer, a sliding window and a rotation of its own.
///
/// Source: arXiv 2408.00118, 2503.19786; mlx-lm `models/gemma2.py`, `models/gemma3_text.py`.
final class Gemma {
    private static final int BRAIN_FLOAT_BITS = 16;

    private Gemma() {}

    /// The reference gives all layers of Gemma 2 the whole context; so does this.
    static Model gemma2(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var spec = new AttentionSpec(
                scale(config, 144),
                Rope.load(config, sizes.headDim(), 10_000, config.flag("rope_traditional", false)),
                (float) config.number("attn_logit_softcapping", 50),
                null);
        var model = load(config, weights, sizes, true, (scope, _) -> Llama.attention(scope, sizes, spec, Reach.ALL));
        var factor = (float) Math.sqrt(sizes.hiddenSize());
        return model.scaled(factor, 1, (float) config.number("final_logit_softcapping", 30));
    }

    static Model gemma3(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(withGemma3Defaults(config));
        var pattern = config.integer("sliding_window_pattern", 1, 6);
        var reaches = Layers.reaches(config, sizes.layers(), layer -> (layer + 1) % pattern != 0);
        var global = AttentionSpec.of(scale(config, 256), Rope.load(config, sizes.headDim(), 1_000_000, false));
        var local = AttentionSpec.of(
                scale(config, 256), Rope.plain(sizes.headDim(), config.number("rope_local_base_freq", 10_000), false));
        var tied = !weights.has("lm_head.weight");
        var model = load(config, weights, sizes, tied, (scope, layer) -> {
            var attention = scope.scope("self_attn");
            var spec = reaches.apply(layer) instanceof Reach.All ? global : local;
            return Llama.attention(scope, sizes, spec, reaches.apply(layer))
                    .withNorms(
                            RmsNorm.loadAroundOne(attention, "q_norm", sizes.headDim(), sizes.eps()),
                            RmsNorm.loadAroundOne(attention, "k_norm", sizes.headDim(), sizes.eps()));
        });
        return model.scaled(brainFloat((float) Math.sqrt(sizes.hiddenSize())), 1, 0);
    }

    /// What `config.json` leaves out in some repositories.
    private static ModelConfig withGemma3Defaults(ModelConfig config) {
        return config.withDefault("num_attention_heads", 4)
                .withDefault("num_key_value_heads", 1)
                .withDefault("head_dim", 256)
                .withDefault("rms_norm_eps", 1e-6)
                .withDefault("vocab_size", 262_144)
                .withDefault("max_position_embeddings", 32_768);
    }

    private static Transformer load(
            ModelConfig config, Weights weights, Sizes sizes, boolean tied, BiFunction<Weights, Integer, Mixer> mixer) {
        var activation = Layers.activation(config, "gelu_pytorch_tanh");
        return Transformer.load(
                weights,
                sizes,
                tied,
                (scope, layer) -> block(scope, sizes, mixer.apply(scope, layer), activation),
                scope -> norm(scope, "norm", sizes));
    }

    private static SandwichBlock block(Weights scope, Sizes sizes, Mixer mixer, Activation activation) {
        return new SandwichBlock(
                norm(scope, "input_layernorm", sizes),
                mixer,
                norm(scope, "post_attention_layernorm", sizes),
                norm(scope, "pre_feedforward_layernorm", sizes),
                GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation),
                norm(scope, "post_feedforward_layernorm", sizes));
    }

    private static RmsNorm norm(Weights weights, String name, Sizes sizes) {
        return RmsNorm.loadAroundOne(weights, name, sizes.hiddenSize(), sizes.eps());
    }

    private static float scale(ModelConfig config, double fallback) {
        return (float) (1 / Math.sqrt(config.number("query_pre_attn_scalar", fallback)));
    }

    /// Gemma 3 was trained with this factor rounded to bf16.
    private static float brainFloat(float x) {
        var bits = Float.floatToRawIntBits(x);
        var rounded = bits + 0x7fff + (bits >> BRAIN_FLOAT_BITS & 1);
        return Float.intBitsToFloat(rounded & 0xffff0000);
    }
}
