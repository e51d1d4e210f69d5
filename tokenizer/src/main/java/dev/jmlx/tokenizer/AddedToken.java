package dev.jmlx.tokenizer;

/// A token that is found in the text as a whole, before any other rule; `added_tokens` of a `tokenizer.json`.
///
/// `special` ones can be left out when decoding. `normalized` ones are looked for after the normalizer.
/// `singleWord` ones count only between non-word characters; `leftStrip` and `rightStrip` ones swallow
/// the white space beside them. Immutable.
record AddedToken(
        int id,
        String content,
        boolean special,
        boolean normalized,
        boolean singleWord,
        boolean leftStrip,
        boolean rightStrip) {}
