package dev.jmlx.engine.cache;

import java.util.Collections;
import java.util.List;

/// What one layer's cache of keys and values holds: `kvHeads` heads, each of `headDim` elements of keys and
/// `valueDim` of values, for the positions in `reach`. Models make them. Immutable.
///
/// `isLatent`: the values are the first elements of the keys and are not kept twice; there is one head.
public record CacheShape(int kvHeads, int headDim, int valueDim, Reach reach, boolean isLatent) implements LayerShape {

    /// Throws IllegalArgumentException for latents of several heads, or with values longer than keys.
    public CacheShape {
        if (isLatent && (kvHeads != 1 || valueDim > headDim)) {
            throw new IllegalArgumentException(
                    kvHeads + " heads of latents with " + valueDim + " values in " + headDim + " elements");
        }
    }

    /// Keys and values apart.
    public CacheShape(int kvHeads, int headDim, int valueDim, Reach reach) {
        this(kvHeads, headDim, valueDim, reach, false);
    }

    /// One row of `headDim` elements for each position, the first `valueDim` of which are its values.
    public static CacheShape latent(int headDim, int valueDim) {
        return new CacheShape(1, headDim, valueDim, Reach.ALL, true);
    }

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
        return new CacheShape(kvHeads, headDim, valueDim, Reach.ALL, isLatent);
    }

    @Override
    public long bytesFor(CacheType type, int tokens) {
        return reach.most(tokens) * KvCache.Full.bytesPerPosition(type, this);
    }
}
