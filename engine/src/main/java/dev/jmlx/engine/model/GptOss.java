package dev.jmlx.engine.model;

import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.Moe;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;

/// gpt-oss: experts with biases and a bounded gate, attention with a sink for each head, a sliding window in each
/// second layer.
///
/// Source: arXiv 2508.10925; mlx-lm `models/gpt_oss.py`.
final class GptOss {
    private GptOss() {}

    static Model load(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var experts = config.integer("num_local_experts", 1);
        var routing = Routing.softmax(config.integer("num_experts_per_tok", 1), true);
        var reaches = Layers.reaches(config, sizes.layers(), layer -> layer % 2 == 0);
        var rope = Rope.load(config, sizes.headDim(), 150_000, false);
        return Transformer.load(config, weights, sizes, (scope, layer) -> {
            var sinks = scope.vector("self_attn.sinks", sizes.heads());
            var spec = new AttentionSpec(sizes.scale(), rope, 0, sinks);
            var mlp = scope.scope("mlp");
            return new PreNormBlock(
                    RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                    Llama.attention(scope, sizes, spec, reaches.apply(layer)),
                    RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                    new Moe(
                            Linear.load(mlp, "router", sizes.hiddenSize(), experts),
                            routing,
                            Moe.loadExperts(
                                    mlp.scope("experts"),
                                    experts,
                                    sizes.hiddenSize(),
                                    sizes.intermediateSize(),
                                    Activation.CLAMPED_SILU)));
        });
    }
}
