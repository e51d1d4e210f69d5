package dev.jmlx.tokenizer;

import java.util.BitSet;

/// Cuts one word into tokens; the `model` of a `tokenizer.json`.
///
/// Called by [SubwordTokenizer] for each word of the pre-tokenizer. Safe for any thread.
sealed interface SubwordModel permits BpeModel, UnigramModel {
    Vocabulary vocabulary();

    /// The same, for which the tokens `ids` do not exist: they are control tokens, and text never becomes one.
    SubwordModel without(BitSet ids);

    /// Appends the ids of `word` to `out`.
    void encode(String word, IdList out);
}
