package dev.jmlx.engine.generate;

/// Why a generation ended.
public enum FinishReason {
    /// The model produced one of the request's end-of-sequence ids (it is not reported as a token).
    END_OF_SEQUENCE,
    /// `maxTokens` tokens were produced.
    MAX_TOKENS,
    /// The model's context is full.
    CONTEXT_FULL,
    /// The caller cancelled.
    CANCELLED
}
