package dev.jmlx.tokenizer;

import java.text.Normalizer.Form;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;

/// Rewrites text before it is cut into words; the `normalizer` of a `tokenizer.json`.
///
/// Called by [SubwordTokenizer] with the text between added tokens. Immutable, any thread.
public sealed interface Normalizer {

    String apply(String text);

    /// Applies its parts one after the other; without parts it changes nothing.
    record Sequence(List<Normalizer> parts) implements Normalizer {
        public Sequence {
            parts = List.copyOf(parts);
        }

        @Override
        public String apply(String text) {
            for (var part : parts) {
                text = part.apply(text);
            }
            return text;
        }
    }

    /// A Unicode normalization form (NFC, NFD, NFKC, NFKD).
    record Unicode(Form form) implements Normalizer {
        @Override
        public String apply(String text) {
            return java.text.Normalizer.normalize(text, form);
        }
    }

    /// Puts `content` in place of every match.
    record Replace(TextPattern pattern, String content) implements Normalizer {
        @Override
        public String apply(String text) {
            return pattern.replaceAll(text, content);
        }
    }

    /// Puts `prefix` before text that is not empty.
    record Prepend(String prefix) implements Normalizer {
        @Override
        public String apply(String text) {
            return text.isEmpty() ? text : prefix + text;
        }
    }

    /// Removes white space at the ends.
    record Strip(boolean left, boolean right) implements Normalizer {
        private static final TextPattern LEFT = TextPattern.regex("^\\s+");
        private static final TextPattern RIGHT = TextPattern.regex("(?<!\\s)\\s+\\z");

        @Override
        public String apply(String text) {
            var rest = left ? LEFT.replaceAll(text, "") : text;
            return right ? RIGHT.replaceAll(rest, "") : rest;
        }
    }

    /// Lower case, independent of the locale.
    record Lowercase() implements Normalizer {
        @Override
        public String apply(String text) {
            // One at a time, as the reference: Java would give a sigma at a word's end another form.
            var lower = new StringBuilder(text.length());
            text.codePoints().forEach(c -> lower.append(Character.toString(c).toLowerCase(Locale.ROOT)));
            return lower.toString();
        }
    }

    /// Puts `content` before and behind every match.
    record Surround(TextPattern pattern, String content) implements Normalizer {
        @Override
        public String apply(String text) {
            return pattern.matcher(text)
                    .replaceAll(match -> Matcher.quoteReplacement(content + match.group() + content));
        }
    }

    /// Spells text in the letters of [ByteAlphabet].
    record ByteLevel() implements Normalizer {
        @Override
        public String apply(String text) {
            return ByteAlphabet.spell(text);
        }
    }

    /// What a sentencepiece model was trained with.
    record Precompiled(CharacterMap map) implements Normalizer {
        @Override
        public String apply(String text) {
            return map.apply(text);
        }
    }
}
