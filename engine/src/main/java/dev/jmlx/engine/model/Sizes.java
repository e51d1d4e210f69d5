package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;

/// The sizes that nearly every `config.json` has; `intermediateSize` is 0 where it does not say, as with models
/// whose MLPs all have sizes of their own.
record Sizes(
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int vocabSize,
        int contextLength,
        float eps) {

    @Override
    public int intermediateSize() {
        if (intermediateSize == 0) {
            throw new ModelLoadException("config.json: \"intermediate_size\" is missing");
        }
        return intermediateSize;
    }

    static Sizes load(ModelConfig config) {
        return load(config, "rms_norm_eps");
    }

    /// With the epsilon of the norms under another name.
    static Sizes load(ModelConfig config, String epsKey) {
        var hiddenSize = config.integer("hidden_size", 1);
        var heads = config.integer("num_attention_heads", 1);
        var kvHeads = config.integer("num_key_value_heads", 1, heads);
        if (heads % kvHeads != 0) {
            throw new ModelLoadException(
                    "config.json: num_attention_heads " + heads + " is no multiple of num_key_value_heads " + kvHeads);
        }
        if (heads > hiddenSize) {
            throw new ModelLoadException(
                    "config.json: num_attention_heads " + heads + " is more than hidden_size " + hiddenSize);
        }
        return new Sizes(
                hiddenSize,
                config.integer("intermediate_size", 1, 0),
                config.integer("num_hidden_layers", 1),
                heads,
                kvHeads,
                config.integer("head_dim", 2, hiddenSize / heads),
                config.integer("vocab_size", 1),
                config.integer("max_position_embeddings", 1, 2048),
                epsilon(config, epsKey));
    }

    private static float epsilon(ModelConfig config, String key) {
        var eps = (float) config.number(key);
        if (!(eps >= 0 && eps < 1)) {
            throw new ModelLoadException("config.json: \"" + key + "\" must be from 0 to 1, found " + eps);
        }
        return eps;
    }

    /// `1 / sqrt(headDim)`.
    float scale() {
        return (float) (1 / Math.sqrt(headDim));
    }

    /// What a layer of attention keeps.
    CacheShape cache(Reach reach) {
        return new CacheShape(kvHeads, headDim, reach);
    }
}
