package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.LateNormAttention;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.ScaledAttention;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;

/// Llama 4 Scout and Maverick, the text part: three layers of attention within chunks, rotated and with queries
/// and keys normed behind the rotation, to one of attention to everything, not rotated, whose queries grow with
/// their position. Some or all MLPs are mixtures of experts, each token's input times the weight of its one
/// expert.
///
/// Source: mlx-lm `models/llama4.py`.
record Llama4(ModelConfig config, Sizes sizes, Reach chunk, RopeTable rope, PositionScale scale) {
    /// The reference's, whatever `rms_norm_eps` says.
    private static final float HEAD_NORM_EPS = 1e-6f;

    /// Each layer of this number sees everything.
    private static final int GLOBAL = 4;

    static Model load(ModelConfig config, Weights weights) {
        Wrapped.skipVision(weights);
        var text = Wrapped.text(config);
        var sizes = Sizes.load(text);
        if (text.integer("num_experts_per_tok", 1) != 1) {
            throw new ModelLoadException("config.json: text_config: num_experts_per_tok must be 1 for llama4");
        }
        var scale = new PositionScale(
                isOff(text) ? 0 : text.number("attn_scale", 0.1), text.integer("floor_scale", 1, 8192), 1);
        var model = new Llama4(
                text,
                sizes,
                new Reach.Chunk(text.integer("attention_chunk_size", 1)),
                Rope.load(text, sizes.headDim(), 500_000, true),
                scale);
        return Transformer.load(
                weights.scope("language_model"),
                sizes,
                false,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        model.attention(scope, layer),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        model.feedForward(scope.scope("feed_forward"), layer)),
                scope -> RmsNorm.load(scope, "norm", sizes.hiddenSize(), sizes.eps()));
    }

    private Mixer attention(Weights scope, int layer) {
        var spec = AttentionSpec.of(sizes.scale(), null);
        if ((layer + 1) % GLOBAL == 0) {
            return new ScaledAttention(Llama.attention(scope, sizes, spec, Reach.ALL), scale);
        }
        if (!config.flag("use_qk_norm", false)) {
            return Llama.attention(scope, sizes, AttentionSpec.of(sizes.scale(), rope), chunk);
        }
        var norm = RmsNorm.plain(sizes.headDim(), HEAD_NORM_EPS);
        return new LateNormAttention(Llama.attention(scope, sizes, spec, chunk), rope, norm, norm);
    }

    private FeedForward feedForward(Weights weights, int layer) {
        var step = config.integer("interleave_moe_layer_step", 1, 1);
        if (layer % step != step - 1) {
            return GatedMlp.load(
                    weights, sizes.hiddenSize(), config.integer("intermediate_size_mlp", 1), Activation.SILU);
        }
        var experts = config.integer("num_local_experts", 1);
        return new Moe(
                Linear.load(weights, "router", sizes.hiddenSize(), experts),
                new Routing(Routing.Kind.SIGMOID, 1, false, 1, null, 1, 1).ofInputs(),
                Moe.loadExperts(
                        weights.scope("experts"),
                        experts,
                        sizes.hiddenSize(),
                        sizes.intermediateSize(),
                        Activation.SILU),
                GatedMlp.load(
                        weights.scope("shared_expert"), sizes.hiddenSize(), sizes.intermediateSize(), Activation.SILU),
                null);
    }

    /// The file has a number or a flag.
    private static boolean isOff(ModelConfig config) {
        return config.isFalse("attn_temperature_tuning") || config.isNumber("attn_temperature_tuning", 0);
    }
}
