package dev.jmlx.engine.sample;

import org.jspecify.annotations.Nullable;

/// How the next token is chosen from the logits.
///
/// `temperature` 0 is greedy. `topP` in (0, 1], 1 keeps all. `topK` 0 keeps all. `seed` null draws
/// a fresh one. Made by the request handler, read by the sampler; immutable.
public record SamplingParams(
        float temperature, float topP, int topK, @Nullable Long seed) {
    public static final SamplingParams GREEDY = new SamplingParams(0, 1, 0, null);

    public SamplingParams {
        require(temperature >= 0 && Float.isFinite(temperature), "temperature must be 0 or above", temperature);
        require(topP > 0 && topP <= 1, "top_p must be above 0 and at most 1", topP);
        require(topK >= 0, "top_k must be 0 or above", topK);
    }

    private static void require(boolean holds, String rule, Object value) {
        if (!holds) {
            throw new IllegalArgumentException(rule + ", found " + value);
        }
    }
}
