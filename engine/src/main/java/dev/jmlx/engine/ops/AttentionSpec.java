package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;
import org.jspecify.annotations.Nullable;

/// How queries meet keys in one layer.
///
/// `scale` multiplies the scores, usually `1 / sqrt(headDim)`. `rope` turns queries and keys by their
/// positions; null: no position embedding. `softcap` above 0 bounds the scores: `softcap * tanh(score /
/// softcap)` (Gemma 2). `sinks`, one value to a head, are scores of a position with no value that every token
/// sees (gpt-oss); null: none. Immutable.
public record AttentionSpec(
        float scale,
        @Nullable RopeTable rope,
        float softcap,
        @Nullable DenseVector sinks) {

    /// Without softcap and sinks.
    public static AttentionSpec of(float scale, @Nullable RopeTable rope) {
        return new AttentionSpec(scale, rope, 0, null);
    }
}
