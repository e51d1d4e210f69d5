package dev.jmlx.tokenizer;

import java.util.List;

/// Cuts text into the words that a [SubwordModel] cuts; the `pre_tokenizer` of a `tokenizer.json`.
///
/// Called by [SubwordTokenizer] for each stretch between added tokens. Immutable, any thread.
public sealed interface PreTokenizer {

    /// Hands the words of `text` to `words`, in order and never empty. `first` says that `text`
    /// starts where the whole input starts.
    void split(String text, boolean first, Words words);

    /// Receives words; `first` is true for a word at the start of the whole input.
    @FunctionalInterface
    interface Words {
        void add(String word, boolean first);
    }

    /// Each part cuts the words of the part before it.
    record Sequence(List<PreTokenizer> parts) implements PreTokenizer {
        public Sequence {
            parts = List.copyOf(parts);
        }

        @Override
        public void split(String text, boolean first, Words words) {
            split(0, text, first, words);
        }

        private void split(int part, String text, boolean first, Words words) {
            if (part == parts.size()) {
                words.add(text, first);
            } else {
                parts.get(part).split(text, first, (word, isFirst) -> split(part + 1, word, isFirst, words));
            }
        }
    }

    /// Cuts at the matches of a pattern, or with `invert` at what lies between them.
    record Split(TextPattern pattern, SplitBehavior behavior, boolean invert) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, Words words) {
            WordCutter.cut(text, pattern, invert, behavior, first, words);
        }
    }

    /// Cuts numeric characters from the others; each stands alone with `individual`.
    record Digits(boolean individual) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, Words words) {
            var start = 0;
            var wasNumeric = false;
            for (var i = 0; i < text.length(); ) {
                var codePoint = text.codePointAt(i);
                var numeric = isNumeric(codePoint);
                if (i > start && (numeric != wasNumeric || (numeric && individual))) {
                    words.add(text.substring(start, i), first && start == 0);
                    start = i;
                }
                wasNumeric = numeric;
                i += Character.charCount(codePoint);
            }
            if (start < text.length()) {
                words.add(text.substring(start), first && start == 0);
            }
        }

        private static boolean isNumeric(int codePoint) {
            return switch (Character.getType(codePoint)) {
                case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
                default -> false;
            };
        }
    }

    /// Spells every word in the letters of [ByteAlphabet]; with `useRegex` it cuts into GPT-2's words first.
    record ByteLevel(boolean addPrefixSpace, boolean useRegex) implements PreTokenizer {
        private static final TextPattern GPT2 =
                TextPattern.regex("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

        @Override
        public void split(String text, boolean first, Words words) {
            var spaced = addPrefixSpace && !text.startsWith(" ") ? " " + text : text;
            if (useRegex) {
                Words spelled = (word, isFirst) -> words.add(ByteAlphabet.spell(word), isFirst);
                WordCutter.cut(spaced, GPT2, false, SplitBehavior.ISOLATED, first, spelled);
            } else {
                words.add(ByteAlphabet.spell(spaced), first);
            }
        }
    }

    /// Writes spaces as `replacement`, puts one in front as `scheme` says, and with `split` cuts before each.
    record Metaspace(String replacement, PrependScheme scheme, boolean split) implements PreTokenizer {
        @Override
        public void split(String text, boolean first, Words words) {
            var marked = text.replace(" ", replacement);
            var prepend = scheme == PrependScheme.ALWAYS || (scheme == PrependScheme.FIRST && first);
            if (prepend && !marked.startsWith(replacement)) {
                marked = replacement + marked;
            }
            if (split) {
                var mark = TextPattern.literal(replacement);
                WordCutter.cut(marked, mark, false, SplitBehavior.MERGED_WITH_NEXT, first, words);
            } else {
                words.add(marked, first);
            }
        }
    }

    /// Where [Metaspace] puts a mark in front: at the input's start, at each stretch, or nowhere.
    enum PrependScheme {
        FIRST,
        ALWAYS,
        NEVER
    }
}
