package dev.jmlx.engine.cache;

/// What one layer keeps of past tokens. Models say it, [KvCaches] makes room for it. Immutable.
public sealed interface LayerShape permits CacheShape, IndexedShape, StateShape {

    /// Bytes that a sequence of `tokens` tokens takes.
    long bytesFor(CacheType type, int tokens);
}
