package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.nn.Embedding;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Head;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/// Reads a [Gemma4]; used once, by the loading thread.
final class Gemma4Loader {
    private final ModelConfig config;
    private final Weights weights;
    private final Sizes sizes;
    private final IntFunction<Reach> reaches;

    /// Layers with keys and values of their own; the ones behind read those of the last one of their kind.
    private final int ownCaches;

    /// The size of each layer's own embedding; 0: none.
    private final int inputSize;

    private final List<CacheShape> shapes = new ArrayList<>();

    Gemma4Loader(ModelConfig config, Weights weights) {
        this.config = withDefaults(config);
        this.weights = weights.scope("model");
        this.sizes = Sizes.load(this.config);
        var pattern = config.integer("sliding_window_pattern", 1, 5);
        this.reaches = Layers.reaches(this.config, sizes.layers(), layer -> (layer + 1) % pattern != 0);
        this.ownCaches = sizes.layers() - this.config.integer("num_kv_shared_layers", 0);
        this.inputSize = this.config.integer("hidden_size_per_layer_input", 0);
        if (ownCaches < 1 || ownCaches > sizes.layers()) {
            throw new ModelLoadException("config.json: num_kv_shared_layers must be from 0 to " + (sizes.layers() - 1)
                    + ", found " + (sizes.layers() - ownCaches));
        }
        weights.skip("rotary_emb.inv_freq");
    }

    /// What `config.json` leaves out in some repositories.
    private static ModelConfig withDefaults(ModelConfig config) {
        return config.withDefault("num_attention_heads", 8)
                .withDefault("num_key_value_heads", 1)
                .withDefault("head_dim", 256)
                .withDefault("global_head_dim", 512)
                .withDefault("rms_norm_eps", 1e-6)
                .withDefault("vocab_size", 262_144)
                .withDefault("num_kv_shared_layers", 20)
                .withDefault("hidden_size_per_layer_input", 256)
                .withDefault("sliding_window", 512)
                .withDefault("max_position_embeddings", 131_072);
    }

    Gemma4 load() {
        var layers = new ArrayList<Gemma4.Layer>();
        for (var layer = 0; layer < sizes.layers(); layer++) {
            layers.add(layer(layer));
        }
        var embed = Embedding.load(weights, "embed_tokens", sizes.vocabSize(), sizes.hiddenSize());
        var cap = (float) config.number("final_logit_softcapping", 30);
        return new Gemma4(
                sizes,
                embed.times((float) Math.sqrt(sizes.hiddenSize())),
                inputSize == 0 ? null : layerInputs(),
                List.copyOf(layers),
                List.copyOf(shapes),
                norm(weights, "norm"),
                new Head(embed.asLinear(), 1, cap));
    }

    private Gemma4.LayerInputs layerInputs() {
        var width = sizes.layers() * inputSize;
        var vocabSize = config.integer("vocab_size_per_layer_input", 1, sizes.vocabSize());
        return new Gemma4.LayerInputs(
                Embedding.load(weights, "embed_tokens_per_layer", vocabSize, width)
                        .times((float) Math.sqrt(inputSize)),
                Linear.load(weights, "per_layer_model_projection", sizes.hiddenSize(), width),
                RmsNorm.load(weights, "per_layer_projection_norm", inputSize, sizes.eps()),
                inputSize,
                (float) (1 / Math.sqrt(sizes.hiddenSize())));
    }

    private Gemma4.Layer layer(int index) {
        var scope = weights.scope("layers." + index);
        var attention = scope.scope("self_attn");
        var seesAll = reaches.apply(index) instanceof Reach.All;
        var isOwn = index < ownCaches;
        var headDim = seesAll ? config.integer("global_head_dim", 2) : sizes.headDim();
        var valuesAreKeys = seesAll && config.flag("attention_k_eq_v", false);
        var kvHeads =
                valuesAreKeys ? config.integer("num_global_key_value_heads", 1, sizes.kvHeads()) : sizes.kvHeads();
        if (sizes.heads() % kvHeads != 0) {
            throw new ModelLoadException("config.json: num_attention_heads " + sizes.heads()
                    + " is no multiple of num_global_key_value_heads " + kvHeads);
        }
        if (isOwn) {
            shapes.add(new CacheShape(kvHeads, headDim, reaches.apply(index)));
        }
        if (!isOwn) {
            attention.skipLayers("k_proj", "v_proj", "k_norm");
        }
        return new Gemma4.Layer(
                isOwn ? index : shared(index),
                norm(scope, "input_layernorm"),
                Linear.load(attention, "q_proj", sizes.hiddenSize(), sizes.heads() * headDim),
                isOwn ? Linear.load(attention, "k_proj", sizes.hiddenSize(), kvHeads * headDim) : null,
                isOwn && !valuesAreKeys
                        ? Linear.load(attention, "v_proj", sizes.hiddenSize(), kvHeads * headDim)
                        : null,
                Linear.load(attention, "o_proj", sizes.heads() * headDim, sizes.hiddenSize()),
                RmsNorm.load(attention, "q_norm", headDim, sizes.eps()),
                isOwn ? RmsNorm.load(attention, "k_norm", headDim, sizes.eps()) : null,
                RmsNorm.plain(headDim, sizes.eps()),
                AttentionSpec.of(1, rope(seesAll, headDim)),
                norm(scope, "post_attention_layernorm"),
                norm(scope, "pre_feedforward_layernorm"),
                mlp(scope.scope("mlp"), isOwn),
                config.flag("enable_moe_block", false) ? experts(scope) : null,
                norm(scope, "post_feedforward_layernorm"),
                input(scope, "per_layer_input_gate", sizes.hiddenSize(), inputSize),
                input(scope, "per_layer_projection", inputSize, sizes.hiddenSize()),
                inputSize == 0 ? null : norm(scope, "post_per_layer_input_norm"),
                scope.has("layer_scalar") ? scope.vector("layer_scalar", 1).values()[0] : 1);
    }

    /// The last layer with the same reach that has keys and values of its own.
    private int shared(int index) {
        var seesAll = reaches.apply(index) instanceof Reach.All;
        var found = ownCaches - 1;
        while (found >= 0 && reaches.apply(found) instanceof Reach.All != seesAll) {
            found--;
        }
        if (found < 0) {
            throw new ModelLoadException(
                    "config.json: layer_types: layer " + index + " has no earlier layer of its kind to read from");
        }
        return found;
    }

    private GatedMlp mlp(Weights scope, boolean isOwn) {
        var isWide = !isOwn && config.flag("use_double_wide_mlp", true);
        var size = (isWide ? 2 : 1) * sizes.intermediateSize();
        return GatedMlp.load(scope, sizes.hiddenSize(), size, Layers.activation(config, "gelu_pytorch_tanh"));
    }

    private Gemma4.ExpertPart experts(Weights scope) {
        var count = config.integer("num_experts", 1);
        var size = config.integer("moe_intermediate_size", 1);
        var router = scope.scope("router");
        var scale = router.vector("scale", sizes.hiddenSize()).values().clone();
        for (var i = 0; i < scale.length; i++) {
            scale[i] *= (float) (1 / Math.sqrt(sizes.hiddenSize()));
        }
        return new Gemma4.ExpertPart(
                norm(scope, "post_feedforward_layernorm_1"),
                new RmsNorm(new DenseVector(scale), sizes.eps()),
                Linear.load(router, "proj", sizes.hiddenSize(), count),
                norm(scope, "pre_feedforward_layernorm_2"),
                Routing.softmax(config.integer("top_k_experts", 1), true)
                        .withExpertFactors(router.vector("per_expert_scale", count)),
                Moe.loadExperts(scope.scope("experts.switch_glu"), count, sizes.hiddenSize(), size, Activation.GELU),
                norm(scope, "post_feedforward_layernorm_2"));
    }

    private @Nullable Linear input(Weights scope, String name, int inputs, int outputs) {
        return inputSize == 0 ? null : Linear.load(scope, name, inputs, outputs);
    }

    /// A quarter of the pairs of a wide head, all of a narrow one, unless the file says otherwise.
    private RopeTable rope(boolean seesAll, int headDim) {
        var both = config.objectOrNull("rope_parameters");
        var own = both == null ? null : both.objectOrNull(seesAll ? "full_attention" : "sliding_attention");
        if (own != null) {
            return Rope.load(own, own, headDim, own.number("rope_theta", 10_000), false);
        }
        return seesAll ? Rope.proportional(headDim, headDim / 4, 1_000_000, false) : Rope.plain(headDim, 10_000, false);
    }

    private RmsNorm norm(Weights scope, String name) {
        return RmsNorm.load(scope, name, sizes.hiddenSize(), sizes.eps());
    }
}
