package dev.jmlx.engine.model;

import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;

/// Models for images, sound and text of which the text part is run: its configuration is `text_config`, its
/// weights are under `language_model.`; the others are skipped.
///
/// What `text_config` leaves out are the defaults of the model for images, not those of the model for text
/// alone. Source: mlx-lm `models/mistral3.py`, `models/gemma3.py`, `models/gemma4.py`, `models/kimi_k25.py`,
/// `models/qwen2_vl.py`, `models/qwen3_vl.py`, `models/qwen3_vl_moe.py`.
final class Wrapped {
    private Wrapped() {}

    /// Mistral Small 3.1 and Ministral 3.
    static Model mistral3(ModelConfig config, Weights weights) {
        skipVision(weights);
        var text = text(config);
        var inner = weights.scope("language_model");
        return switch (text.string("model_type", "mistral")) {
            case "ministral3" -> Ministral3.load(text, inner);
            case "mistral", "llama" -> Llama.load(text, inner);
            case String other ->
                throw new ModelLoadException("config.json: text_config: model_type \"" + other
                        + "\" is not supported within mistral3; supported: llama, ministral3, mistral");
        };
    }

    /// Gemma 3 from 4 billion parameters on.
    static Model gemma3(ModelConfig config, Weights weights) {
        skipVision(weights);
        var text = text(config)
                .withDefault("vocab_size", config.integer("vocab_size", 1, 262_208))
                .withDefault("num_attention_heads", 8)
                .withDefault("num_key_value_heads", 4)
                .withDefault("max_position_embeddings", 131_072);
        return Gemma.gemma3(text, weights.scope("language_model"));
    }

    static Model gemma4(ModelConfig config, Weights weights) {
        skipVision(weights);
        weights.skipPart("sound is", "audio_tower", "embed_audio");
        var text = text(config).withDefault("vocab_size", config.integer("vocab_size", 1, 262_144));
        return Gemma4.load(text, weights.scope("language_model"));
    }

    /// Kimi K2.5.
    static Model kimiK25(ModelConfig config, Weights weights) {
        return plain(config, weights, Deepseek::load);
    }

    /// Qwen2-VL and Qwen2.5-VL; early conversions have no `text_config`.
    static Model qwen2Vl(ModelConfig config, Weights weights) {
        skipVision(weights);
        var text = config.has("text_config") ? text(config) : config;
        return Llama.qwen2(text, weights.scope("language_model"));
    }

    static Model qwen3Vl(ModelConfig config, Weights weights) {
        return plain(config, weights, Qwen3::load);
    }

    static Model qwen3VlMoe(ModelConfig config, Weights weights) {
        return plain(config, weights, QwenMoe::qwen3);
    }

    /// A text part without defaults of its own.
    private static Model plain(ModelConfig config, Weights weights, Models.Loader loader) {
        skipVision(weights);
        return loader.load(text(config), weights.scope("language_model"));
    }

    /// The configuration of the text part.
    static ModelConfig text(ModelConfig config) {
        var text = config.objectOrNull("text_config");
        if (text == null) {
            throw new ModelLoadException("config.json: \"text_config\" is missing");
        }
        return text;
    }

    /// Skips what reads images.
    static void skipVision(Weights weights) {
        weights.skipPart(
                "images are",
                "vision_tower",
                "vision_model",
                "vision_embedder",
                "embed_vision",
                "model.visual",
                "multi_modal_projector",
                "mm_projector");
    }
}
