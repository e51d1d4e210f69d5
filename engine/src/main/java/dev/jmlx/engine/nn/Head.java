package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.tensor.Tensor;

/// From the last hidden state to logits: `softcap(factor * linear(x))`; a softcap of 0 is none.
public record Head(Linear linear, float factor, float softcap) {

    /// Logits as the layer gives them.
    public static Head of(Linear linear) {
        return new Head(linear, 1, 0);
    }

    public Tensor apply(Ops ops, Tensor x) {
        var logits = linear.apply(ops, x);
        var scaled = factor == 1 ? logits : ops.scale(logits, factor);
        return softcap == 0 ? scaled : ops.softcap(scaled, softcap);
    }
}
