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

    /// Finds in `text`; throws [PatternLimitException] after so many steps that the expression must be hostile:
    /// those of downloaded files may try every way to take a word apart.
    Matcher matcher(String text) {
        return regex.matcher(new Counted(regex, text));
    }

    String replaceAll(String text, String content) {
        return matcher(text).replaceAll(Matcher.quoteReplacement(content));
    }

    /// Counts the characters that an expression looks at.
    private static final class Counted implements CharSequence {
        /// Of real expressions the worst on record looks at a character some dozen times.
        private static final long PER_CHARACTER = 500;

        private static final long LEAST = 1 << 24;

        private final Pattern regex;
        private final String text;
        private long left;

        Counted(Pattern regex, String text) {
            this.regex = regex;
            this.text = text;
            this.left = LEAST + PER_CHARACTER * text.length();
        }

        @Override
        public char charAt(int index) {
            if (--left < 0) {
                throw new PatternLimitException(regex.pattern(), text.length());
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.substring(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
