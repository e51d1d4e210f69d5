package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;
import java.util.List;

/// A short convolution between two gates: `out(c * conv(b * x))` (LFM2). `inProj` gives `b`, `c` and `x`.
public record ShortConvolution(List<Linear> inProj, Convolution conv, Linear outProj) implements Mixer {

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var b = inProj.get(0).apply(ops, x);
        var c = inProj.get(1).apply(ops, x);
        var value = inProj.get(2).apply(ops, x);
        var gated = ops.gated(b, value, Activation.IDENTITY);
        var mixed = ops.convolution(gated, conv, batch, (KvCache.State) cache, 0);
        return outProj.apply(ops, ops.gated(c, mixed, Activation.IDENTITY));
    }

    @Override
    public LayerShape cacheShape() {
        return new StateShape(conv.stateFloats());
    }
}
