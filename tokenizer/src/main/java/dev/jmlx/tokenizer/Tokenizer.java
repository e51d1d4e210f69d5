package dev.jmlx.tokenizer;

import java.util.OptionalInt;

/// Text to token ids and back.
///
/// Loaded once per model by [TokenizerJson]; immutable and safe for any thread.
public interface Tokenizer {

    /// Before a character in a text: no added token starts there ([#asPlainText]). Unicode's noncharacter
    /// U+FDD0, which no text should have.
    char PLAIN = '\uFDD0';

    /// The ids of `text`. Added tokens inside the text (such as `<|im_end|>`) become their ids, and
    /// no token is put before or after it: a rendered chat template already contains all of them.
    int[] encode(String text);

    /// `text` with a [#PLAIN] before each special token that is spelled in it, so that [#encode] takes the
    /// spelling for text: what somebody else wrote cannot forge the end of a turn. A [#PLAIN] of its own
    /// becomes U+FFFD.
    String asPlainText(String text);

    /// The text of `ids`; bytes that are not UTF-8 become U+FFFD.
    String decode(int[] ids, boolean skipSpecialTokens);

    /// A decoder for ids that arrive one by one.
    StreamDecoder streamDecoder(boolean skipSpecialTokens);

    /// The id of a token as it is spelled in the vocabulary or among the added tokens.
    OptionalInt idOf(String token);

    /// One more than the largest id.
    int size();
}
