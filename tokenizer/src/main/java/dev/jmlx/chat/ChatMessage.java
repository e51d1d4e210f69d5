package dev.jmlx.chat;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// One message of a conversation, as chat templates expect it.
///
/// `toolCalls` only with [Role#ASSISTANT]; `toolCallId` and `toolName` (the answered call) only
/// with [Role#TOOL].
public record ChatMessage(
        Role role,
        String content,
        List<ToolCall> toolCalls,
        @Nullable String toolCallId,
        @Nullable String toolName) {

    public ChatMessage {
        toolCalls = List.copyOf(toolCalls);
    }

    public static ChatMessage of(Role role, String content) {
        return new ChatMessage(role, content, List.of(), null, null);
    }
}
