package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.ops.Precision;

/// How an [Engine] is opened.
///
/// `backend`: a backend's name, or "auto" for the best that can run. `threads`: CPU threads that compute, at
/// least 1. `maxSequences`: requests that share a step, at least 1. `maxWaiting`: requests that may wait for a
/// place, at least 1. `precision`: whether prompts may be computed with rounded activations. `cacheType`: how
/// keys and values are kept. `maxContext`: tokens of a prompt and its answer at most; 0 for the model's own
/// limit, or what memory allows of it.
public record EngineOptions(
        String backend,
        int threads,
        int maxSequences,
        int maxWaiting,
        Precision precision,
        CacheType cacheType,
        int maxContext) {
    public EngineOptions {
        if (maxContext < 0) {
            throw new IllegalArgumentException("maxContext must be at least 0, found " + maxContext);
        }
        require("threads", threads);
        require("maxSequences", maxSequences);
        require("maxWaiting", maxWaiting);
    }

    /// With the model's own limit of the context.
    public EngineOptions(
            String backend, int threads, int maxSequences, int maxWaiting, Precision precision, CacheType cacheType) {
        this(backend, threads, maxSequences, maxWaiting, precision, cacheType, 0);
    }

    private static void require(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, found " + value);
        }
    }

    /// The best backend, all cores, 8 sequences, 64 waiting, fast prompts, an f16 cache.
    public static EngineOptions defaults() {
        return new EngineOptions(
                "auto", Runtime.getRuntime().availableProcessors(), 8, 64, Precision.FAST, CacheType.F16);
    }
}
