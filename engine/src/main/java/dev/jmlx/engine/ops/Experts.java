package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Gated MLPs of equal size: `down(activation(gate(x)) * up(x))`. Immutable.
public record Experts(List<Expert> experts, Activation activation) {
    public int count() {
        return experts.size();
    }

    /// One of them, with or without biases. `gateProj` null: the gate is what `upProj` gives.
    public record Expert(
            @Nullable Matrix gateProj,
            @Nullable DenseVector gateBias,
            Matrix upProj,
            @Nullable DenseVector upBias,
            Matrix downProj,
            @Nullable DenseVector downBias) {

        /// Whether it is more, or less, than three matrices.
        public boolean isUnusual() {
            return gateProj == null || gateBias != null || upBias != null || downBias != null;
        }
    }
}
