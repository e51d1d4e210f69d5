package dev.jmlx.engine.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// `generation_config.json`, completed from `config.json`: the end-of-sequence ids (possibly several) and the
/// sampling values that the model's authors recommend; null where they say nothing.
public record GenerationConfig(
        int[] eosIds,
        @Nullable Float temperature,
        @Nullable Float topP,
        @Nullable Integer topK) {

    /// Reads both files; `generation_config.json` may be absent. Its end-of-sequence ids win over those
    /// of `config.json`, as in mlx-lm.
    public static GenerationConfig read(Path folder, ModelConfig config) {
        var text = config.has("eos_token_id") ? null : config.object("text_config");
        return readFile(folder.resolve("generation_config.json"), text == null ? config : text);
    }

    private static GenerationConfig readFile(Path file, ModelConfig config) {
        if (!Files.isRegularFile(file)) {
            return new GenerationConfig(config.integers("eos_token_id"), null, null, null);
        }
        var own = ModelConfig.read(file);
        return new GenerationConfig(
                (own.has("eos_token_id") ? own : config).integers("eos_token_id"),
                fraction(own, "temperature", Float.MAX_VALUE),
                fraction(own, "top_p", 1),
                own.has("top_k") ? (Integer) own.integer("top_k", 0) : null);
    }

    private static @Nullable Float fraction(ModelConfig config, String key, float largest) {
        if (!config.has(key)) {
            return null;
        }
        var value = config.number(key);
        if (!(value >= 0 && value <= largest)) {
            throw new ModelLoadException(
                    "generation_config.json: \"" + key + "\" must be from 0 to " + largest + ", found " + value);
        }
        return (float) value;
    }
}
