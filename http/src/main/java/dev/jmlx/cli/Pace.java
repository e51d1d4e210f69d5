package dev.jmlx.cli;

import java.util.Locale;

/// Measures one generation: prefill until the first token, then decoding. One thread. Times are `System.nanoTime`.
final class Pace {
    private final int promptTokens;
    private final long start;
    private long firstToken;
    private long lastToken;
    private int tokens;

    Pace(int promptTokens, long start) {
        this.promptTokens = promptTokens;
        this.start = start;
    }

    void token(long now) {
        if (tokens++ == 0) {
            firstToken = now;
        }
        lastToken = now;
    }

    /// For example `prompt 30 tokens, 412.0 tokens/s; answer 12 tokens, 90.1 tokens/s`.
    String summary() {
        return String.format(
                Locale.ROOT,
                "prompt %d tokens, %s; answer %d tokens, %s",
                promptTokens,
                rate(promptTokens, firstToken - start),
                tokens,
                // The first token comes out of the prefill.
                rate(tokens - 1, lastToken - firstToken));
    }

    private static String rate(int tokens, long nanos) {
        return tokens < 1 || nanos <= 0
                ? "too few to time"
                : String.format(Locale.ROOT, "%.1f tokens/s", tokens * 1e9 / nanos);
    }
}
