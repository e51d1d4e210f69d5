package dev.jmlx.tokenizer;

import java.util.OptionalInt;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Text to token ids and back.
///
/// Loaded once per model by [TokenizerJson]; immutable and safe for any thread.
public interface Tokenizer {

    /// In a text: no added token reaches over this place ([#plainText]). Unicode's noncharacter U+FDD0, which no
    /// text should have.
    char PLAIN = '\uFDD0';

    /// The ids of `text`. Added tokens inside the text (such as `<|im_end|>`) become their ids, and
    /// no token is put before or after it: a rendered chat template already contains all of them.
    int[] encode(String text);

    /// What makes plain text of texts that somebody else wrote: it puts a [#PLAIN] into each spelling of a
    /// special token, and of an added token that `also` accepts, so that [#encode] takes it for text. Also
    /// where the text has only a part of one that its surroundings could complete. A [#PLAIN] of its own
    /// becomes U+FFFD.
    UnaryOperator<String> plainText(Predicate<String> also);

    /// The text of `ids`; bytes that are not UTF-8 become U+FFFD.
    String decode(int[] ids, boolean skipSpecialTokens);

    /// A decoder for ids that arrive one by one.
    StreamDecoder streamDecoder(boolean skipSpecialTokens);

    /// The id of a token as it is spelled in the vocabulary or among the added tokens.
    OptionalInt idOf(String token);

    /// One more than the largest id.
    int size();
}
