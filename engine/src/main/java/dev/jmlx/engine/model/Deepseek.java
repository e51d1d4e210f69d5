package dev.jmlx.engine.model;

import dev.jmlx.engine.nn.Indexer;
import dev.jmlx.engine.nn.LatentAttention;
import dev.jmlx.engine.nn.Linear;
import dev.jmlx.engine.nn.PreNormBlock;
import dev.jmlx.engine.nn.RmsNorm;
import dev.jmlx.engine.nn.Rope;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// DeepSeek V2, V3 and V3.2, Kimi K2, GLM-4.7-Flash and GLM-5: latent attention, over chosen positions in V3.2
/// and GLM-5, and many small experts.
///
/// Source: arXiv 2405.04434, 2412.19437, 2512.02556; mlx-lm `models/deepseek_v2.py`, `models/deepseek_v3.py`,
/// `models/deepseek_v32.py`, `models/glm4_moe_lite.py`, `models/glm_moe_dsa.py`.
final class Deepseek {
    private static final float LATENT_EPS = 1e-6f;

    private Deepseek() {}

    static Model load(ModelConfig config, Weights weights) {
        return load(config, weights, Latent.load(config, Sizes.load(config), LATENT_EPS));
    }

    /// The norms of compressed rows have the model's epsilon.
    static Model glm4Lite(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        return load(config, weights, Latent.load(config, sizes, sizes.eps()));
    }

    static Model v32(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var isInterleaved = config.flag("indexer_rope_interleave", false);
        return load(config, weights, Latent.load(config, sizes, LATENT_EPS).indexed(config, isInterleaved));
    }

    /// As V3.2, with pairs of neighbours rotated in the indexer, too.
    static Model glmDsa(ModelConfig config, Weights weights) {
        var sizes = Sizes.load(config);
        var isInterleaved = config.flag("indexer_rope_interleave", true);
        return load(config, weights, Latent.load(config, sizes, LATENT_EPS).indexed(config, isInterleaved));
    }

    private static Model load(ModelConfig config, Weights weights, Latent latent) {
        var sizes = latent.sizes;
        weights.skipPart(Layers.SECOND_TOKEN, "model.layers." + sizes.layers() + ".");
        return Transformer.load(
                config,
                weights,
                sizes,
                (scope, layer) -> new PreNormBlock(
                        RmsNorm.load(scope, "input_layernorm", sizes.hiddenSize(), sizes.eps()),
                        latent.attention(scope.scope("self_attn")),
                        RmsNorm.load(scope, "post_attention_layernorm", sizes.hiddenSize(), sizes.eps()),
                        DeepseekMoe.load(config, scope.scope("mlp"), sizes, layer)));
    }

    /// The sizes of what chooses positions.
    private record Index(int heads, int headDim, int topK, RopeTable rope) {}

    /// The sizes of latent attention. `qRank` 0: queries are not compressed. `index` null: all positions count.
    private record Latent(
            Sizes sizes,
            int rank,
            int qRank,
            int plainDim,
            int valueDim,
            RopeTable rope,
            float scale,
            float eps,
            @Nullable Index index) {

        static Latent load(ModelConfig config, Sizes sizes, float eps) {
            var plainDim = config.integer("qk_nope_head_dim", 1);
            var rotatedDim = config.integer("qk_rope_head_dim", 2);
            var scale = (float) (Rope.yarnScale(config) / Math.sqrt(plainDim + rotatedDim));
            return new Latent(
                    sizes,
                    config.integer("kv_lora_rank", 1),
                    config.integer("q_lora_rank", 1, 0),
                    plainDim,
                    config.integer("v_head_dim", 1),
                    Rope.load(config, rotatedDim, 10_000, true),
                    scale,
                    eps,
                    null);
        }

        Latent indexed(ModelConfig config, boolean isInterleaved) {
            var chosen = new Index(
                    config.integer("index_n_heads", 1, 64),
                    config.integer("index_head_dim", 2, 128),
                    config.integer("index_topk", 1, 2048),
                    Rope.load(config, rope.dims(), 10_000, isInterleaved));
            return new Latent(sizes, rank, qRank, plainDim, valueDim, rope, scale, eps, chosen);
        }

        LatentAttention attention(Weights weights) {
            var hidden = sizes.hiddenSize();
            var qSize = sizes.heads() * (plainDim + rope.dims());
            var isCompressed = qRank > 0;
            return new LatentAttention(
                    isCompressed ? Linear.load(weights, "q_a_proj", hidden, qRank) : null,
                    isCompressed ? RmsNorm.load(weights, "q_a_layernorm", qRank, eps) : null,
                    isCompressed
                            ? Linear.load(weights, "q_b_proj", qRank, qSize)
                            : Linear.load(weights, "q_proj", hidden, qSize),
                    Linear.load(weights, "kv_a_proj_with_mqa", hidden, rank + rope.dims()),
                    RmsNorm.load(weights, "kv_a_layernorm", rank, eps),
                    embedQ(weights),
                    unembedOut(weights),
                    Linear.load(weights, "o_proj", sizes.heads() * valueDim, hidden),
                    rope,
                    scale,
                    index == null
                            ? null
                            : Indexer.load(
                                    weights.scope("indexer"),
                                    hidden,
                                    qRank,
                                    index.heads(),
                                    index.headDim(),
                                    index.topK(),
                                    index.rope()));
        }

        /// For each head `[rank, plainDim]`; older conversions have them, the other way round, in `kv_b_proj`.
        private List<Matrix> embedQ(Weights weights) {
            return weights.has("kv_b_proj.weight")
                    ? weights.transposedParts("kv_b_proj", sizes.heads(), plainDim + valueDim, rank, 0, plainDim)
                    : weights.experts("embed_q", sizes.heads(), rank, plainDim);
        }

        /// For each head `[valueDim, rank]`.
        private List<Matrix> unembedOut(Weights weights) {
            return weights.has("kv_b_proj.weight")
                    ? weights.parts(
                            "kv_b_proj", sizes.heads(), plainDim + valueDim, rank, plainDim, plainDim + valueDim)
                    : weights.experts("unembed_out", sizes.heads(), valueDim, rank);
        }
    }
}
