package dev.jmlx.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/// The most probable way to cut a word into tokens that each have a probability of their own (Kudo 2018), as
/// the `model` of a `tokenizer.json` sets it.
///
/// Takes time in proportion to the word's length and the longest token's. Called by [SubwordTokenizer].
/// Immutable but for its cache; any thread.
final class UnigramModel implements SubwordModel {
    /// How much worse than the worst token a character is that no token has, in logarithms.
    private static final double UNKNOWN_PENALTY = 10;

    private final Vocabulary vocabulary;
    private final double[] scores;
    private final int unknown;
    private final boolean byteFallback;
    private final double unknownScore;
    private final CharTrie trie;
    private final ByteTokens byteTokens;
    private final WordCache cache = new WordCache();

    /// `scores`: logarithms of probabilities, by id. `unknown`: the id for characters that no token has, or
    /// [Vocabulary#NONE], and then they are dropped; several in a row are one. `byteFallback`: they become
    /// bytes, where all of them are tokens.
    UnigramModel(Vocabulary vocabulary, double[] scores, int unknown, boolean byteFallback) {
        this(vocabulary, scores, unknown, byteFallback, new BitSet());
    }

    private UnigramModel(Vocabulary vocabulary, double[] scores, int unknown, boolean byteFallback, BitSet excluded) {
        this.vocabulary = vocabulary;
        this.byteFallback = byteFallback;
        this.scores = scores;
        this.unknown = unknown;
        unknownScore = Arrays.stream(scores).min().orElse(0) - UNKNOWN_PENALTY;
        trie = CharTrie.of(vocabulary, excluded);
        byteTokens = new ByteTokens(vocabulary, byteFallback);
    }

    @Override
    public UnigramModel without(BitSet ids) {
        return new UnigramModel(vocabulary, scores, unknown, byteFallback, ids);
    }

    @Override
    public Vocabulary vocabulary() {
        return vocabulary;
    }

    @Override
    public void encode(String word, IdList out) {
        var known = cache.find(word);
        if (known != null) {
            out.addAll(known);
            return;
        }
        var start = out.size();
        new Path(word).write(out);
        cache.remember(word, out.tail(start));
    }

    /// The best way to each position of a word.
    private final class Path {
        private final String word;
        private final double[] best;
        private final int[] from;
        private final int[] ids;

        Path(String word) {
            this.word = word;
            best = new double[word.length() + 1];
            from = new int[word.length() + 1];
            ids = new int[word.length() + 1];
            Arrays.fill(from, -1);
            for (int start = 0, next; start < word.length(); start = next) {
                next = start + Character.charCount(word.codePointAt(start));
                extend(start, next);
            }
        }

        /// Tries all tokens that begin at `start`, whose character ends at `next`.
        private void extend(int start, int next) {
            var hasCharacter = false;
            var node = CharTrie.ROOT;
            for (var end = start; end < word.length(); ) {
                node = trie.child(node, word.charAt(end++));
                if (node == CharTrie.NONE) {
                    break;
                }
                var id = trie.id(node);
                if (id != Vocabulary.NONE) {
                    offer(start, end, id, scores[id]);
                    hasCharacter |= end == next;
                }
            }
            if (!hasCharacter) {
                offer(start, next, Vocabulary.NONE, unknownScore);
            }
        }

        private void offer(int start, int end, int id, double score) {
            var sum = best[start] + score;
            if (from[end] < 0 || sum > best[end]) {
                best[end] = sum;
                from[end] = start;
                ids[end] = id;
            }
        }

        void write(IdList out) {
            var ends = new IdList(word.length());
            for (var end = word.length(); end > 0; end = from[end]) {
                ends.add(end);
            }
            var order = ends.toArray();
            for (var i = order.length - 1; i >= 0; i--) {
                var start = from[order[i]];
                var isKnown = ids[order[i]] != Vocabulary.NONE;
                while (!isKnown && i > 0 && ids[order[i - 1]] == Vocabulary.NONE) {
                    i--;
                }
                if (isKnown) {
                    out.add(ids[order[i]]);
                } else if (!byteTokens.add(word.substring(start, order[i]), out) && unknown != Vocabulary.NONE) {
                    out.add(unknown);
                }
            }
        }
    }
}
