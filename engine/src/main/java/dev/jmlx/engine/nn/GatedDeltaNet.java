package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// Linear attention by the gated delta rule behind a short convolution, with a gated norm (Qwen3-Next).
///
/// Source: arXiv 2412.06464.
public record GatedDeltaNet(Projection projection, Convolution conv1d, DeltaRule rule, RmsNorm norm, Linear outProj)
        implements Mixer {

    /// How an architecture makes of `x` the queries, keys and values side by side, and what goes with them.
    @FunctionalInterface
    public interface Projection {
        Projected apply(Ops ops, Tensor x);
    }

    /// `qkv`: `[tokens, rule.width]`, `z`: `[tokens, valueHeads * valueDim]`, `a` and `b`: `[tokens, valueHeads]`.
    public record Projected(Tensor qkv, Tensor z, Tensor a, Tensor b) {}

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var state = (KvCache.State) cache;
        var in = projection.apply(ops, x);
        var qkv = ops.convolution(in.qkv, conv1d, batch, state, 0);
        var mixed = ops.deltaRule(qkv, in.a, in.b, rule, batch, state, conv1d.stateFloats());
        return outProj.apply(ops, ops.gated(in.z, norm.apply(ops, mixed), Activation.SILU));
    }

    @Override
    public LayerShape cacheShape() {
        return new StateShape(conv1d.stateFloats() + rule.stateFloats());
    }
}
