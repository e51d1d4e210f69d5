package dev.jmlx.engine.nn;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.Tensor;
import dev.jmlx.engine.weights.Weights;
import java.util.List;

/// A Mamba 2 mixer: a short convolution, a selective state space, a gate and a norm behind it.
///
/// `inProj` gives the gate, what is convolved, and the steps. Source: arXiv 2405.21060; mlx-lm
/// `models/granitemoehybrid.py`.
public record Mamba2(List<Linear> inProj, Convolution conv1d, StateSpace space, RmsNorm norm, Linear outProj)
        implements Mixer {

    /// Reads `in_proj`, `conv1d`, `norm` (over stretches of `normSize`) and `out_proj`.
    public static Mamba2 load(Weights weights, int hiddenSize, int length, StateSpace space, int normSize, float eps) {
        var inner = space.heads() * space.headDim();
        var taps = weights.taps("conv1d.weight", space.width(), length);
        return new Mamba2(
                Linear.loadParts(weights, "in_proj", hiddenSize, inner, space.width(), space.heads()),
                new Convolution(taps, weights.vectorIfPresent("conv1d.bias", space.width()), true),
                space,
                new RmsNorm(weights.vector("norm.weight", inner), normSize, eps),
                Linear.load(weights, "out_proj", inner, hiddenSize));
    }

    @Override
    public Tensor apply(Ops ops, Tensor x, Batch batch, KvCache cache) {
        var state = (KvCache.State) cache;
        var gate = inProj.get(0).apply(ops, x);
        var xbc = inProj.get(1).apply(ops, x);
        var dt = inProj.get(2).apply(ops, x);
        xbc = ops.convolution(xbc, conv1d, batch, state, 0);
        var mixed = ops.stateSpace(xbc, dt, space, batch, state, conv1d.stateFloats());
        return outProj.apply(ops, norm.apply(ops, ops.gated(gate, mixed, Activation.SILU)));
    }

    @Override
    public LayerShape cacheShape() {
        return new StateShape(conv1d.stateFloats() + space.stateFloats());
    }
}
