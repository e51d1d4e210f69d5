package dev.jmlx.http.messages;

import dev.jmlx.chat.ChatMessage;
import dev.jmlx.chat.ToolSpec;
import java.util.List;

/// What a chat template is given: messages, the tools the model may call, and `prefill`, the beginning of the
/// answer that the caller has written already (often empty). Immutable.
public record Conversation(List<ChatMessage> messages, List<ToolSpec> tools, String prefill) {}
