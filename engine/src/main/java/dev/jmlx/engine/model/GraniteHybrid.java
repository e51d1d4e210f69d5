package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.FeedForward;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mamba2;
import dev.jmlx.engine.nn.Mixer;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;

/// Granite 4: Mamba 2 layers and few of attention, with Granite's multipliers; experts beside a shared MLP, or
/// a dense one.
///
/// Source: mlx-lm `models/granitemoehybrid.py`.
record GraniteHybrid(ModelConfig config, Sizes sizes, AttentionSpec spec, Activation activation) {

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var types = config.strings("layer_types");
        if (types.size() != sizes.layers()) {
            throw new ModelLoadException(
                    "config.json: layer_types has " + types.size() + " entries for " + sizes.layers() + " layers");
        }
        var rotates = !config.string("position_embedding_type", "rope").equals("nope");
        var scaling = Rope.scaling(config);
        var theta = scaling != null && scaling.has("rope_theta")
                ? scaling.number("rope_theta")
                : config.number("rope_theta", 10_000);
        var rope = rotates ? Rope.plain(sizes.headDim(), theta, false) : null;
        var spec = AttentionSpec.of((float) config.number("attention_multiplier"), rope);
        var model = new GraniteHybrid(config, sizes, spec, Layers.activation(config, "silu"));
        var residual = (float) config.number("residual_multiplier");
        var transformer = Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        model.mixer(scope, types.get(layer)),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        model.feedForward(scope),
                        residual));
        var embedding = (float) config.number("embedding_multiplier");
        return transformer.scaled(embedding, (float) (1 / config.number("logits_scaling")), 0);
    }

    private Mixer mixer(Weights scope, String type) {
        return switch (type) {
            case "attention" -> Llama.attention(scope, sizes, spec, Reach.ALL);
            case "mamba" -> mamba(scope.scope("mamba"));
            default ->
                throw new ModelLoadException(
                        "config.json: layer_types with \"" + type + "\" is not supported; supported: attention, mamba");
        };
    }

    private Mamba2 mamba(Weights weights) {
        var heads = config.integer("mamba_n_heads", 1);
        var limits = config.numbers("time_step_limit");
        var space = new StateSpace(
                heads,
                config.integer("mamba_d_head", 1),
                config.integer("mamba_n_groups", 1),
                config.integer("mamba_d_state", 1),
                weights.vector("A_log", heads),
                weights.vector("D", heads),
                weights.vector("dt_bias", heads),
                limits.length == 2 ? (float) limits[0] : 0.001f,
                limits.length == 2 ? (float) limits[1] : 100);
        var inner = heads * space.headDim();
        var length = config.integer("mamba_d_conv", 1);
        return Mamba2.load(weights, sizes.hiddenSize(), length, space, inner, sizes.eps());
    }

    private FeedForward feedForward(Weights scope) {
        var experts = config.integer("num_local_experts", 0, 0);
        if (experts == 0) {
            return GatedMlp.load(scope.scope("mlp"), sizes.hiddenSize(), sizes.intermediateSize(), activation);
        }
        var shared = shared(scope.scope("shared_mlp"));
        return Granite.experts(config, scope.scope("block_sparse_moe"), sizes, activation, shared);
    }

    private GatedMlp shared(Weights weights) {
        var size = config.integer("shared_intermediate_size", 1);
        var parts = Linear.loadParts(weights, "input_linear", sizes.hiddenSize(), size, size);
        return new GatedMlp(
                parts.get(0),
                parts.get(1),
                Linear.load(weights, "output_linear", size, sizes.hiddenSize()),
                activation);
    }
}
