package dev.jmlx.engine.cache;

/// What a layer of sparse attention keeps: `attended`, as any layer of attention does, and the keys by which
/// positions are chosen, `index`, without values. Immutable.
public record IndexedShape(CacheShape attended, CacheShape index) implements LayerShape {
    @Override
    public long bytesFor(CacheType type, int tokens) {
        return attended.bytesFor(type, tokens) + index.bytesFor(type, tokens);
    }
}
