package dev.jmlx.tokenizer;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a component searches for: a literal string or a regular expression.
///
/// Expressions get `UNICODE_CHARACTER_CLASS`: only then `\s` and `(?i:...)` take the same code points
/// as in the reference engine (Oniguruma). Immutable, any thread.
public record TextPattern(Pattern regex) {

    /// A pattern that finds `text` itself.
    public static TextPattern literal(String text) {
        return new TextPattern(Pattern.compile(text, Pattern.LITERAL));
    }

    /// A pattern that finds `expression`; throws [java.util.regex.PatternSyntaxException].
    public static TextPattern regex(String expression) {
        return new TextPattern(Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS));
    }

    Matcher matcher(String text) {
        return regex.matcher(text);
    }

    String replaceAll(String text, String content) {
        return matcher(text).replaceAll(Matcher.quoteReplacement(content));
    }
}
