package dev.jmlx.tokenizer;

/// Turns ids that arrive one by one into text, holding back only an incomplete UTF-8 character.
///
/// One per generation, one thread.
public interface StreamDecoder {

    /// The text that `id` completes; empty while a character is incomplete.
    String push(int id);

    /// What is still held back, as U+FFFD; called once at the end.
    String finish();
}
