package dev.jmlx.engine.cache;

import java.util.Collections;
import java.util.List;

/// What one layer's cache of keys and values holds: `kvHeads` heads, each of `headDim` elements of keys and
/// `valueDim` of values, for the positions in `reach`. Models make them. Immutable.
public record CacheShape(int kvHeads, int headDim, int valueDim, Reach reach) implements LayerShape {

    /// With as many elements of values as of keys.
    public CacheShape(int kvHeads, int headDim, Reach reach) {
        this(kvHeads, headDim, headDim, reach);
    }

    /// Shapes of `layers` equal layers that keep everything.
    public static List<LayerShape> full(int layers, int kvHeads, int headDim) {
        return Collections.nCopies(layers, new CacheShape(kvHeads, headDim, Reach.ALL));
    }

    /// The same for a layer that keeps everything.
    CacheShape withAll() {
        return new CacheShape(kvHeads, headDim, valueDim, Reach.ALL);
    }

    @Override
    public long bytesFor(CacheType type, int tokens) {
        return reach.most(tokens) * KvCache.Full.bytesPerPosition(type, this);
    }
}
