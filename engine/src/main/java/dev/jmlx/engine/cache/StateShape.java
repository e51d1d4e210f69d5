package dev.jmlx.engine.cache;

/// A recurrent layer's state: `floats` numbers for each sequence, however long it is. Immutable.
public record StateShape(int floats) implements LayerShape {
    @Override
    public long bytesFor(CacheType type, int tokens) {
        return (long) floats * Float.BYTES;
    }
}
