package dev.jmlx.http.messages;

import org.jspecify.annotations.Nullable;

/// The events of a streamed answer, in the order `MessageStart (BlockStart BlockDelta* BlockStop)* MessageDelta
/// MessageStop`, with `Ping` anywhere after the first. [AnswerBlocks] keeps the order; [StreamEventJson] writes
/// them.
sealed interface StreamEvent {

    record MessageStart(String id, String model, int inputTokens) implements StreamEvent {}

    record BlockStart(int index, Block block) implements StreamEvent {}

    record Ping() implements StreamEvent {}

    record BlockDelta(int index, Delta delta) implements StreamEvent {}

    record BlockStop(int index) implements StreamEvent {}

    record MessageDelta(StopReason stopReason, @Nullable String stopSequence, int outputTokens)
            implements StreamEvent {}

    record MessageStop() implements StreamEvent {}

    /// What begins with a [BlockStart].
    sealed interface Block {
        record Text() implements Block {}

        record ToolUse(String id, String name) implements Block {}
    }

    /// What continues a block.
    sealed interface Delta {
        record Text(String text) implements Delta {}

        record InputJson(String json) implements Delta {}
    }
}
