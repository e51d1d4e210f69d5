package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.Block;
import dev.jmlx.engine.nn.Embedding;
import dev.jmlx.engine.nn.FeedForwardBlock;
import dev.jmlx.engine.nn.Head;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Mamba2;
import dev.jmlx.engine.nn.MixerBlock;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.nn.SquaredMlp;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.List;
import java.util.stream.IntStream;

/// Nemotron-H and Nemotron 3: each layer is one thing, a Mamba 2 mixer, attention without rotation, an MLP of
/// squared positive parts, or experts of such.
///
/// Source: arXiv 2504.03624; mlx-lm `models/nemotron_h.py`.
record NemotronH(ModelConfig config, Sizes sizes) {

    static Model load(ModelConfig config, Weights weights) {
        if (config.has("moe_latent_size")) {
            throw new ModelLoadException("config.json: moe_latent_size is not supported yet for nemotron_h");
        }
        weights.skipPart(Layers.SECOND_TOKEN, "mtp.");
        var kinds = kinds(config);
        if (kinds.isEmpty()) {
            throw new ModelLoadException("config.json: \"hybrid_override_pattern\" is missing");
        }
        var counted = config.withDefault("num_hidden_layers", kinds.size());
        var model = new NemotronH(counted, Sizes.load(counted, "layer_norm_epsilon"));
        var backbone = weights.scope("backbone");
        var sizes = model.sizes;
        var blocks = IntStream.range(0, kinds.size())
                .mapToObj(layer -> model.block(backbone.scope("layers." + layer), kinds.get(layer)))
                .toList();
        return new Transformer(
                sizes,
                Embedding.load(backbone, "embeddings", sizes.vocabSize(), sizes.hiddenSize()),
                blocks,
                model.norm(backbone, "norm_f"),
                Head.of(Linear.load(weights, "lm_head", sizes.hiddenSize(), sizes.vocabSize())));
    }

    /// "M", "*", "-" or "E" for each layer; newer files spell them out.
    private static List<String> kinds(ModelConfig config) {
        if (config.has("hybrid_override_pattern")) {
            return config.stringOrStrings("hybrid_override_pattern");
        }
        var key = config.has("layers_block_type") ? "layers_block_type" : "layer_types";
        return config.strings(key).stream()
                .map(name -> switch (name) {
                    case "full_attention", "attention" -> "*";
                    case "linear_attention", "mamba", "conv" -> "M";
                    case "mlp" -> "-";
                    case "moe" -> "E";
                    default -> name;
                })
                .toList();
    }

    private Block block(Weights scope, String kind) {
        var norm = norm(scope, "norm");
        var mixer = scope.scope("mixer");
        return switch (kind) {
            case "M" -> new MixerBlock(norm, mamba(mixer));
            case "*" -> new MixerBlock(norm, attention(mixer));
            case "-" ->
                new FeedForwardBlock(norm, SquaredMlp.load(mixer, sizes.hiddenSize(), sizes.intermediateSize()));
            case "E" -> new FeedForwardBlock(norm, moe(mixer));
            default ->
                throw new ModelLoadException(
                        "config.json: a layer of kind \"" + kind + "\" is not supported; supported: M, *, -, E");
        };
    }

    private RmsNorm norm(Weights scope, String name) {
        return RmsNorm.load(scope, name, sizes.hiddenSize(), sizes.eps());
    }

    private SelfAttention attention(Weights weights) {
        return SelfAttention.load(
                weights,
                sizes.hiddenSize(),
                sizes.heads(),
                AttentionSpec.of(sizes.scale(), null),
                sizes.cache(Reach.ALL));
    }

    private Mamba2 mamba(Weights weights) {
        var heads = config.integer("mamba_num_heads", 1);
        var limits = config.numbers("time_step_limit");
        var space = new StateSpace(
                heads,
                config.integer("mamba_head_dim", 1),
                config.integer("n_groups", 1),
                config.integer("ssm_state_size", 1),
                weights.vector("A_log", heads),
                weights.vector("D", heads),
                weights.vector("dt_bias", heads),
                limits.length == 2 ? (float) limits[0] : 0,
                limits.length == 2 ? (float) limits[1] : Float.POSITIVE_INFINITY);
        var inner = heads * space.headDim();
        var length = config.integer("conv_kernel", 1);
        return Mamba2.load(weights, sizes.hiddenSize(), length, space, inner / space.groups(), sizes.eps());
    }

    private Moe moe(Weights weights) {
        var count = config.integer("n_routed_experts", 1);
        var size = config.integer("moe_intermediate_size", 1);
        var up = weights.experts("switch_mlp.fc1", count, size, sizes.hiddenSize());
        var down = weights.experts("switch_mlp.fc2", count, sizes.hiddenSize(), size);
        var experts = IntStream.range(0, count)
                .mapToObj(i -> new Experts.Expert(null, null, up.get(i), null, down.get(i), null))
                .toList();
        var shared = config.has("n_shared_experts") && config.integer("n_shared_experts", 0) > 0;
        return new Moe(
                Linear.load(weights, "gate", sizes.hiddenSize(), count),
                new Routing(
                        Routing.Kind.SIGMOID,
                        config.integer("num_experts_per_tok", 1),
                        config.flag("norm_topk_prob", true),
                        (float) config.number("routed_scaling_factor", 1),
                        weights.vector("gate.e_score_correction_bias", count),
                        config.integer("n_group", 1, 1),
                        config.integer("topk_group", 1, 1)),
                new Experts(experts, Activation.RELU),
                shared
                        ? SquaredMlp.load(
                                weights.scope("shared_experts"),
                                sizes.hiddenSize(),
                                config.integer("moe_shared_expert_intermediate_size", 1))
                        : null,
                null);
    }
}
