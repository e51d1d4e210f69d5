package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.nn.ShortConvolution;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.Arrays;

/// LFM2: short convolutions between gates, and some layers of attention with norms for each head; experts behind
/// a few dense layers.
///
/// Source: mlx-lm `models/lfm2.py`, `models/lfm2_moe.py`.
final class Lfm2 {
    private Lfm2() {}

    static Model load(ModelConfig config, Weights weights) {
        var mlpSize = mlpSize(config);
        var sizes = Sizes.load(config, "norm_eps");
        return load(config, weights, sizes, (scope, _) -> mlp(scope, sizes, mlpSize));
    }

    static Model moe(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config, "norm_eps");
        var dense = config.integer("num_dense_layers", 0);
        return load(
                config,
                weights,
                sizes,
                (scope, layer) -> layer < dense
                        ? GatedMlp.load(scope, sizes.hiddenSize(), sizes.intermediateSize(), Activation.SILU)
                        : experts(config, scope, sizes));
    }

    /// Of a layer's scope and number.
    private interface FeedForwards {
        FeedForward load(Weights scope, int layer);
    }

    private static Model load(ModelConfig config, Weights weights, Sizes sizes, FeedForwards feedForwards) {
        var types = config.strings("layer_types");
        var attending = config.integers("full_attn_idxs");
        if (attending.length == 0 && types.size() != sizes.layers()) {
            throw new ModelLoadException("config.json: layer_types has " + types.size() + " entries for "
                    + sizes.layers() + " layers, and there is no full_attn_idxs");
        }
        var rope = Rope.load(config, sizes.headDim(), 1_000_000, false);
        var spec = AttentionSpec.of(sizes.scale(), rope);
        return Transformer.load(
                weights,
                sizes,
                true,
                (scope, layer) -> {
                    var attends = attending.length > 0
                            ? Arrays.stream(attending).anyMatch(index -> index == layer)
                            : types.get(layer).equals("full_attention");
                    return new PreNormBlock(
                            RmsNorm.load(scope, "operator_norm", sizes.hiddenSize(), sizes.eps()),
                            attends
                                    ? attention(scope.scope("self_attn"), sizes, spec)
                                    : convolution(config, scope.scope("conv"), sizes),
                            RmsNorm.load(scope, "ffn_norm", sizes.hiddenSize(), sizes.eps()),
                            feedForwards.load(scope.scope("feed_forward"), layer));
                },
                scope -> RmsNorm.load(scope, "embedding_norm", sizes.hiddenSize(), sizes.eps()));
    }

    /// Two thirds of what the file says, in whole multiples, where it asks for that.
    private static int mlpSize(ModelConfig config) {
        var size = config.integer("block_ff_dim", 1, config.integer("intermediate_size", 1, 1));
        if (!config.flag("block_auto_adjust_ff_dim", false)) {
            return size;
        }
        var twoThirds = (int) (2L * size / 3);
        var adjusted = (int) (config.number("block_ffn_dim_multiplier", 1) * twoThirds);
        var multiple = config.integer("block_multiple_of", 1, 1);
        return Math.ceilDiv(adjusted, multiple) * multiple;
    }

    private static Mixer attention(Weights weights, Sizes sizes, AttentionSpec spec) {
        var qSize = sizes.heads() * sizes.headDim();
        var kvSize = sizes.kvHeads() * sizes.headDim();
        return new SelfAttention(
                Linear.load(weights, "q_proj", sizes.hiddenSize(), qSize),
                Linear.load(weights, "k_proj", sizes.hiddenSize(), kvSize),
                Linear.load(weights, "v_proj", sizes.hiddenSize(), kvSize),
                Linear.load(weights, "out_proj", qSize, sizes.hiddenSize()),
                RmsNorm.load(weights, "q_layernorm", sizes.headDim(), sizes.eps()),
                RmsNorm.load(weights, "k_layernorm", sizes.headDim(), sizes.eps()),
                spec,
                sizes.cache(Reach.ALL));
    }

    private static Mixer convolution(ModelConfig config, Weights weights, Sizes sizes) {
        var size = sizes.hiddenSize();
        var taps = weights.taps("conv.weight", size, config.integer("conv_L_cache", 1, 3));
        return new ShortConvolution(
                Linear.loadParts(weights, "in_proj", size, size, size, size),
                new Convolution(taps, weights.vectorIfPresent("conv.bias", size), false),
                Linear.load(weights, "out_proj", size, size));
    }

    private static Moe experts(ModelConfig config, Weights weights, Sizes sizes) {
        var count = config.integer("num_experts", 1);
        var routing = new Routing(
                Routing.Kind.SIGMOID,
                config.integer("num_experts_per_tok", 1),
                config.flag("norm_topk_prob", true),
                (float) config.number("routed_scaling_factor", 1),
                config.flag("use_expert_bias", true) ? weights.vector("expert_bias", count) : null,
                1,
                1);
        var size = config.integer("moe_intermediate_size", 1);
        return new Moe(
                Linear.load(weights, "gate", sizes.hiddenSize(), count),
                routing,
                Moe.loadExperts(weights.scope("switch_mlp"), count, sizes.hiddenSize(), size, Activation.SILU),
                null,
                null);
    }

    private static GatedMlp mlp(Weights weights, Sizes sizes, int mlpSize) {
        return new GatedMlp(
                Linear.load(weights, "w1", sizes.hiddenSize(), mlpSize),
                Linear.load(weights, "w3", sizes.hiddenSize(), mlpSize),
                Linear.load(weights, "w2", mlpSize, sizes.hiddenSize()),
                Activation.SILU);
    }
}
