package dev.jmlx.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/// Byte-pair encoding of one word (Sennrich et al. 2016), as the `model` of a `tokenizer.json` sets it.
///
/// Called by [BpeTokenizer] for each word of the pre-tokenizer. Immutable but for its cache; any thread.
final class BpeModel {

    /// The switches of a model. `unknown` is the id for a character that is not in the vocabulary,
    /// or [Vocabulary#NONE]: then such a character is dropped.
    record Options(int unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {}

    private final Vocabulary vocabulary;
    private final MergeTable merges;
    private final Options options;
    private final int[] byteIds;
    private final WordCache cache = new WordCache();

    BpeModel(Vocabulary vocabulary, MergeTable merges, Options options) {
        this.vocabulary = vocabulary;
        this.merges = merges;
        this.options = options;
        this.byteIds = new int[256];
        var hex = HexFormat.of().withUpperCase();
        for (var b = 0; b < 256; b++) {
            byteIds[b] = vocabulary.id("<0x" + hex.toHexDigits((byte) b) + ">");
        }
    }

    Vocabulary vocabulary() {
        return vocabulary;
    }

    /// Appends the ids of `word` to `out`.
    void encode(String word, IdList out) {
        var known = cache.find(word);
        if (known != null) {
            out.addAll(known);
            return;
        }
        var start = out.size();
        var whole = options.ignoreMerges ? vocabulary.id(word) : Vocabulary.NONE;
        if (whole != Vocabulary.NONE) {
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
            } else if (!addBytes(character, symbols) && options.unknown != Vocabulary.NONE) {
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

    private boolean addBytes(String character, IdList symbols) {
        if (!options.byteFallback) {
            return false;
        }
        var utf8 = character.getBytes(StandardCharsets.UTF_8);
        for (var b : utf8) {
            if (byteIds[b & 0xFF] == Vocabulary.NONE) {
                return false;
            }
        }
        for (var b : utf8) {
            symbols.add(byteIds[b & 0xFF]);
        }
        return true;
    }
}
