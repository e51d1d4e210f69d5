package dev.jmlx.engine.generate;

/// How an [Engine] is opened.
///
/// `backend`: a backend's name, or "auto" for the best that can run. `threads`: CPU threads that compute, at
/// least 1. `maxSequences`: requests that share a step. `maxWaiting`: requests that may wait for a place.
public record EngineOptions(String backend, int threads, int maxSequences, int maxWaiting) {
    /// The best backend, all cores, 8 sequences, 64 waiting.
    public static EngineOptions defaults() {
        return new EngineOptions("auto", Runtime.getRuntime().availableProcessors(), 8, 64);
    }
}
