package dev.jmlx.engine.ops;

import dev.jmlx.engine.tensor.DenseVector;
import org.jspecify.annotations.Nullable;

/// How a token chooses its experts by the router's scores, and what each of them weighs.
///
/// Scores become probabilities (`kind`); the `topK` largest ones win, with `correction` added for the choice
/// alone. With more than one group the experts fall into `groups` of consecutive ones, of which the `topGroups`
/// best take part: a group counts as much as its largest score, or its two largest where there is a correction.
/// The weights are the winners' probabilities, divided by their sum where they are `normalized`, times
/// `factor` and the expert's own of `expertFactors`. They multiply what the experts make of their inputs, or the
/// inputs themselves where they are `forInputs`. Immutable. Source: mlx-lm `models/deepseek_v3.py`,
/// `models/deepseek_v2.py`, `models/qwen3_moe.py`, `models/gemma4_text.py`, `models/llama4.py`.
public record Routing(
        Kind kind,
        int topK,
        boolean normalized,
        float factor,
        @Nullable DenseVector correction,
        int groups,
        int topGroups,
        @Nullable DenseVector expertFactors,
        boolean forInputs) {

    /// What makes a probability of a score.
    public enum Kind {
        /// Over all experts.
        SOFTMAX,
        /// Of each score by itself.
        SIGMOID
    }

    /// Weights for what the experts give, without factors of their own.
    public Routing(
            Kind kind,
            int topK,
            boolean normalized,
            float factor,
            @Nullable DenseVector correction,
            int groups,
            int topGroups) {
        this(kind, topK, normalized, factor, correction, groups, topGroups, null, false);
    }

    /// Softmax without groups, corrections and factors.
    public static Routing softmax(int topK, boolean normalized) {
        return new Routing(Kind.SOFTMAX, topK, normalized, 1, null, 1, 1);
    }

    /// The same with a factor for each expert.
    public Routing withExpertFactors(DenseVector factors) {
        return new Routing(kind, topK, normalized, factor, correction, groups, topGroups, factors, forInputs);
    }

    /// The same with weights that multiply the experts' inputs.
    public Routing ofInputs() {
        return new Routing(kind, topK, normalized, factor, correction, groups, topGroups, expertFactors, true);
    }
}
