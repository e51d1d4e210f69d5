package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedAttention;
import dev.jmlx.engine.nn.GatedDeltaNet;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// Qwen3-Next and Qwen3.5: three layers of linear attention to one of gated attention; experts, one of them
/// shared, or dense MLPs.
///
/// Source: mlx-lm `models/qwen3_next.py`, `models/qwen3_5.py`.
record Qwen3Next(ModelConfig config, Sizes sizes, AttentionSpec spec, boolean isFused) {

    /// Queries, keys, values and gates come from one matrix, head by head.
    static Model load(ModelConfig config, Weights weights) {
        return load(config, weights, true);
    }

    /// Each has a matrix of its own, and the model is the text part of one for images.
    static Model qwen35(ModelConfig config, Weights weights) {
        Wrapped.skipVision(weights);
        return load(Wrapped.text(config), weights.scope("language_model"), false);
    }

    private static Model load(ModelConfig config, Weights weights, boolean isFused) {
        var sizes = Sizes.load(config);
        weights.skipPart(Layers.SECOND_TOKEN, "mtp.");
        var scaling = Rope.scaling(config);
        var part = isFused || scaling == null ? config : scaling;
        var dims = (int) (sizes.headDim() * part.number("partial_rotary_factor", 0.25));
        var rope = Rope.load(config, dims, isFused ? 10_000 : 100_000, false);
        var model = new Qwen3Next(config, sizes, AttentionSpec.of(sizes.scale(), rope), isFused);
        var interval = config.integer("full_attention_interval", 1, 4);
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        (layer + 1) % interval == 0
                                ? model.attention(scope)
                                : model.deltaNet(scope.scope("linear_attn")),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        model.feedForward(scope.scope("mlp"), layer)));
    }

    private FeedForward feedForward(Weights weights, int layer) {
        if (config.integer("num_experts", 0, 0) == 0) {
            return GatedMlp.load(
                    weights, sizes.hiddenSize(), sizes.intermediateSize(), Layers.activation(config, "silu"));
        }
        return QwenMoe.feedForward(config, weights, sizes, layer);
    }

    private Mixer attention(Weights scope) {
        var weights = scope.scope("self_attn");
        var qSize = sizes.heads() * sizes.headDim();
        var kvSize = sizes.kvHeads() * sizes.headDim();
        var attention = new SelfAttention(
                Linear.load(weights, "q_proj", sizes.hiddenSize(), 2 * qSize),
                Linear.load(weights, "k_proj", sizes.hiddenSize(), kvSize),
                Linear.load(weights, "v_proj", sizes.hiddenSize(), kvSize),
                Linear.load(weights, "o_proj", qSize, sizes.hiddenSize()),
                null,
                null,
                spec,
                sizes.cache(Reach.ALL));
        return new GatedAttention(
                attention,
                RmsNorm.load(weights, "q_norm", sizes.headDim(), sizes.eps()),
                RmsNorm.load(weights, "k_norm", sizes.headDim(), sizes.eps()),
                sizes.heads());
    }

    private Mixer deltaNet(Weights weights) {
        var valueHeads = config.integer("linear_num_value_heads", 1);
        var rule = new DeltaRule(
                config.integer("linear_num_key_heads", 1),
                config.integer("linear_key_head_dim", 1),
                valueHeads,
                config.integer("linear_value_head_dim", 1),
                weights.vector("A_log", valueHeads),
                weights.vector("dt_bias", valueHeads));
        var taps = weights.taps("conv1d.weight", rule.width(), config.integer("linear_conv_kernel_dim", 1, 4));
        return new GatedDeltaNet(
                isFused ? fused(weights, rule) : separate(weights, rule),
                new Convolution(taps, null, true),
                rule,
                RmsNorm.load(weights, "norm", rule.valueDim(), sizes.eps()),
                Linear.load(weights, "out_proj", valueHeads * rule.valueDim(), sizes.hiddenSize()));
    }

    /// For each key head: its query, its key, its values and their gates.
    private GatedDeltaNet.Projection fused(Weights weights, DeltaRule rule) {
        var heads = rule.keyHeads();
        var share = rule.valueHeads() / heads;
        var key = rule.keyDim();
        var values = share * rule.valueDim();
        var qkvz = Linear.load(weights, "in_proj_qkvz", sizes.hiddenSize(), heads * (2 * key + 2 * values));
        var ba = Linear.load(weights, "in_proj_ba", sizes.hiddenSize(), 2 * rule.valueHeads());
        return (ops, x) -> {
            var all = qkvz.apply(ops, x);
            var gates = ba.apply(ops, x);
            var q = ops.headColumns(all, heads, 0, key);
            var k = ops.headColumns(all, heads, key, 2 * key);
            var v = ops.headColumns(all, heads, 2 * key, 2 * key + values);
            return new GatedDeltaNet.Projected(
                    ops.joinHeads(ops.joinHeads(q, k, 1), v, 1),
                    ops.headColumns(all, heads, 2 * key + values, 2 * key + 2 * values),
                    ops.headColumns(gates, heads, share, 2 * share),
                    ops.headColumns(gates, heads, 0, share));
        };
    }

    private GatedDeltaNet.Projection separate(Weights weights, DeltaRule rule) {
        var qkv = Linear.load(weights, "in_proj_qkv", sizes.hiddenSize(), rule.width());
        var z = Linear.load(weights, "in_proj_z", sizes.hiddenSize(), rule.valueHeads() * rule.valueDim());
        var a = Linear.load(weights, "in_proj_a", sizes.hiddenSize(), rule.valueHeads());
        var b = Linear.load(weights, "in_proj_b", sizes.hiddenSize(), rule.valueHeads());
        return (ops, x) ->
                new GatedDeltaNet.Projected(qkv.apply(ops, x), z.apply(ops, x), a.apply(ops, x), b.apply(ops, x));
    }
}
