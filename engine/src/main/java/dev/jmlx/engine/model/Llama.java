package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.nn.Embedding;
import dev.jmlx.engine.nn.GatedMlp;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.nn.SelfAttention;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/// Llama 1 to 3, and the models that share its shape: Mistral 7B, SmolLM2, TinyLlama ...
///
/// Source: arXiv 2302.13971, 2407.21783; mlx-lm `models/llama.py`.
public record Llama(Shape shape, Embedding embed, List<Block> blocks, RmsNorm norm, Linear head) implements Model {

    /// The sizes of `config.json`.
    record Shape(
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int kvHeads,
            int headDim,
            int vocabSize,
            int contextLength,
            float eps) {

        static Shape load(ModelConfig config) {
            var hiddenSize = config.integer("hidden_size", 1);
            var heads = config.integer("num_attention_heads", 1);
            var kvHeads = config.integer("num_key_value_heads", 1, heads);
            if (heads % kvHeads != 0) {
                throw new ModelLoadException("config.json: num_attention_heads " + heads
                        + " is no multiple of num_key_value_heads " + kvHeads);
            }
            if (heads > hiddenSize) {
                throw new ModelLoadException(
                        "config.json: num_attention_heads " + heads + " is more than hidden_size " + hiddenSize);
            }
            return new Shape(
                    hiddenSize,
                    config.integer("intermediate_size", 1),
                    config.integer("num_hidden_layers", 1),
                    heads,
                    kvHeads,
                    config.integer("head_dim", 2, hiddenSize / heads),
                    config.integer("vocab_size", 1),
                    config.integer("max_position_embeddings", 1, 2048),
                    epsilon(config));
        }
    }

    private static float epsilon(ModelConfig config) {
        var eps = (float) config.number("rms_norm_eps");
        if (!(eps >= 0 && eps < 1)) {
            throw new ModelLoadException("config.json: \"rms_norm_eps\" must be from 0 to 1, found " + eps);
        }
        return eps;
    }

    record Block(RmsNorm inputLayernorm, SelfAttention selfAttn, RmsNorm postAttentionLayernorm, GatedMlp mlp) {}

    static Llama load(ModelConfig config, Weights weights) {
        var shape = Shape.load(config);
        var activation = config.string("hidden_act", "silu");
        if (!activation.equals("silu")) {
            throw new ModelLoadException(
                    "config.json: hidden_act \"" + activation + "\" is not supported; supported: silu");
        }
        if (config.strings("layer_types").contains("sliding_attention")) {
            throw new ModelLoadException(
                    "config.json: layer_types with \"sliding_attention\" is not supported yet for this model_type");
        }
        var rope = Rope.load(config, shape.headDim, 10_000);
        weights.skip("rotary_emb.inv_freq");
        var blocks = new ArrayList<Block>();
        for (var i = 0; i < shape.layers; i++) {
            blocks.add(block(weights.scope("model.layers." + i), shape, rope));
        }
        var embed = Embedding.load(weights, "model.embed_tokens", shape.vocabSize, shape.hiddenSize);
        var norm = RmsNorm.load(weights, "model.norm", shape.hiddenSize, shape.eps);
        return new Llama(shape, embed, List.copyOf(blocks), norm, head(config, weights, shape, embed));
    }

    private static Block block(Weights weights, Shape shape, RopeTable rope) {
        var attention = weights.scope("self_attn");
        var mlp = weights.scope("mlp");
        var qSize = shape.heads * shape.headDim;
        var kvSize = shape.kvHeads * shape.headDim;
        return new Block(
                RmsNorm.load(weights, "input_layernorm", shape.hiddenSize, shape.eps),
                new SelfAttention(
                        Linear.load(attention, "q_proj", shape.hiddenSize, qSize),
                        Linear.load(attention, "k_proj", shape.hiddenSize, kvSize),
                        Linear.load(attention, "v_proj", shape.hiddenSize, kvSize),
                        Linear.load(attention, "o_proj", qSize, shape.hiddenSize),
                        rope,
                        (float) (1 / Math.sqrt(shape.headDim))),
                RmsNorm.load(weights, "post_attention_layernorm", shape.hiddenSize, shape.eps),
                new GatedMlp(
                        mlp.matrix("gate_proj", shape.intermediateSize, shape.hiddenSize),
                        mlp.matrix("up_proj", shape.intermediateSize, shape.hiddenSize),
                        mlp.matrix("down_proj", shape.hiddenSize, shape.intermediateSize),
                        Activation.SILU));
    }

    private static Linear head(ModelConfig config, Weights weights, Shape shape, Embedding embed) {
        if (config.flag("tie_word_embeddings", true)) {
            weights.skip("lm_head.weight");
            return embed.asLinear();
        }
        return Linear.load(weights, "lm_head", shape.hiddenSize, shape.vocabSize);
    }

    @Override
    public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
        var x = embed.apply(ops, batch);
        for (var i = 0; i < blocks.size(); i++) {
            var block = blocks.get(i);
            var normed = block.inputLayernorm.apply(ops, x);
            x = ops.add(x, block.selfAttn.apply(ops, normed, batch, caches.layer(i)));
            x = ops.add(x, block.mlp.apply(ops, block.postAttentionLayernorm.apply(ops, x)));
            ops.keepOnly(x);
        }
        return head.apply(ops, norm.apply(ops, ops.logitRows(x, batch)));
    }

    @Override
    public KvCaches newCaches(CacheType type, int slots, int maxTokens) {
        return new KvCaches(type, shape.layers, slots, maxTokens, shape.kvHeads, shape.headDim);
    }

    @Override
    public int vocabSize() {
        return shape.vocabSize;
    }

    @Override
    public int contextLength() {
        return shape.contextLength;
    }
}
