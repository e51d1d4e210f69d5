package dev.jmlx.engine.generate;

import dev.jmlx.engine.sample.SamplingParams;

/// What a caller asks the engine for.
///
/// `promptIds`: at least one and fewer than the context length. `maxTokens`: at least 1; the
/// context's end may come first. `stopIds`: the end-of-sequence ids. The arrays are not copied and
/// must not change afterwards.
public record GenerationRequest(int[] promptIds, int maxTokens, int[] stopIds, SamplingParams sampling) {}
