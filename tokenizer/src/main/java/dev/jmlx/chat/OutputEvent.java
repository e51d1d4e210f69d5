package dev.jmlx.chat;

/// A piece of a model's answer, after its tool-call format has been understood.
public sealed interface OutputEvent {

    /// More of the visible text.
    record Text(String text) implements OutputEvent {}

    /// A complete tool call. `argumentsJson` is a JSON object.
    record ToolUse(String name, String argumentsJson) implements OutputEvent {}
}
