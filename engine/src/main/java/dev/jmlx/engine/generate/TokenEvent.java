package dev.jmlx.engine.generate;

/// What a [Generation] delivers: tokens, then exactly one end.
public sealed interface TokenEvent {

    /// One generated token id.
    record Token(int id) implements TokenEvent {}

    /// The regular end; nothing follows.
    record Finished(FinishReason reason) implements TokenEvent {}

    /// The engine failed; nothing follows. `message` is fit for a user.
    record Failed(String message) implements TokenEvent {}
}
