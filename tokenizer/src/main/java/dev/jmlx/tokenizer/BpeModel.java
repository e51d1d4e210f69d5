package dev.jmlx.tokenizer;

import java.util.BitSet;

/// Byte-pair encoding of one word (Sennrich et al. 2016), as the `model` of a `tokenizer.json` sets it.
///
/// Called by [SubwordTokenizer] for each word of the pre-tokenizer. Immutable but for its cache; any thread.
final class BpeModel implements SubwordModel {

    /// The switches of a model. `unknown` is the id for a character that is not in the vocabulary,
    /// or [Vocabulary#NONE]: then such a character is dropped.
    record Options(int unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {}

    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final Options options;
    private final ByteTokens byteTokens;
    private final WordCache cache = new WordCache();

    private final BitSet excluded;

    BpeModel(Vocabulary vocabulary, MergeTable merges, Options options) {
        this(vocabulary, merges, options, new BitSet());
    }

    private BpeModel(Vocabulary vocabulary, MergeTable merges, Options options, BitSet excluded) {
        this.excluded = excluded;
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        this.byteTokens = new ByteTokens(vocabulary, options.byteFallback);
    }

    @Override
    public BpeModel without(BitSet ids) {
        return new BpeModel(vocabulary, merges, options, ids);
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
        var whole = options.ignoreMerges ? vocabulary.id(word) : Vocabulary.NONE;
        if (whole != Vocabulary.NONE && !excluded.get(whole)) {
            out.add(whole);
        } else {
            new WordMerge(merges, symbols(word)).run(out);
        }
        cache.remember(word, out.tail(start));
    }

    private int[] symbols(String word) {
        var symbols = new IdList(word.length());
        var unknownPending = false;
        for (int i = 0, end; i < word.length(); i = end) {
            end = i + Character.charCount(word.codePointAt(i));
            var character = word.substring(i, end);
            var id = vocabulary.id(character);
            if (id != Vocabulary.NONE) {
                addUnknownIf(unknownPending, symbols);
                unknownPending = false;
                symbols.add(id);
            } else if (!byteTokens.add(character, symbols) && options.unknown != Vocabulary.NONE) {
                // As in the reference, it is written when a known character follows, after any bytes between.
                addUnknownIf(unknownPending && !options.fuseUnknown, symbols);
                unknownPending = true;
            }
        }
        addUnknownIf(unknownPending, symbols);
        return symbols.toArray();
    }

    private void addUnknownIf(boolean condition, IdList symbols) {
        if (condition) {
            symbols.add(options.unknown);
        }
    }
}
