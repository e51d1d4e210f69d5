package dev.jmlx.engine.weights;

import org.jspecify.annotations.Nullable;

/// `generation_config.json`, completed from `config.json`: the end-of-sequence ids (possibly several) and the sampling
/// values that the model's authors recommend; null where they say nothing.
public record GenerationConfig(
        int[] eosIds,
        @Nullable Float temperature,
        @Nullable Float topP,
        @Nullable Integer topK) {}
