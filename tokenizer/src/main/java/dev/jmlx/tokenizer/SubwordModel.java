package dev.jmlx.tokenizer;

/// Cuts one word into tokens; the `model` of a `tokenizer.json`.
///
/// Called by [SubwordTokenizer] for each word of the pre-tokenizer. Safe for any thread.
sealed interface SubwordModel permits BpeModel, UnigramModel {
    Vocabulary vocabulary();

    /// Appends the ids of `word` to `out`.
    void encode(String word, IdList out);
}
