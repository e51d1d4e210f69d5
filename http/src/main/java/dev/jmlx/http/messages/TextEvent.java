package dev.jmlx.http.messages;

import dev.jmlx.engine.generate.FinishReason;

/// What a [TextStream] delivers: one piece per generated token, then exactly one end.
public sealed interface TextEvent {

    /// What one token adds to the text; empty while a character is incomplete.
    record Piece(String text) implements TextEvent {}

    /// The regular end. `text`: what was held back.
    record Ended(FinishReason reason, String text) implements TextEvent {}

    /// The engine failed; `message` is fit for a user.
    record Failed(String message) implements TextEvent {}
}
