package dev.jmlx.tokenizer;

/// A regular expression of `tokenizer.json` takes too many steps, or too deep a stack, on a text.
///
/// Thrown while text is encoded: what an expression costs depends on the text. Ordinary ones stay far below the
/// limit.
public final class PatternLimitException extends RuntimeException {
    PatternLimitException(String pattern, int length) {
        super("tokenizer.json: the pattern \"" + shortened(pattern) + "\" takes too long on a text of " + length
                + " characters");
    }

    PatternLimitException(int length, StackOverflowError cause) {
        super("tokenizer.json: a pattern goes too deep on a text of " + length + " characters", cause);
    }

    private static String shortened(String pattern) {
        return pattern.length() <= 60 ? pattern : pattern.substring(0, 60) + "...";
    }
}
