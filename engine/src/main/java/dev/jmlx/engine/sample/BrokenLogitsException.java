package dev.jmlx.engine.sample;

/// Logits from which no token can be drawn: one is NaN, or the largest is infinite. Weights that are damaged,
/// or numbers beyond the range of a backend, look like this. Ends the one sequence that they belong to.
public final class BrokenLogitsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BrokenLogitsException(int token, float logit) {
        super("the model computed " + logit + " for token " + token + "; its weights are damaged or out of range");
    }
}
