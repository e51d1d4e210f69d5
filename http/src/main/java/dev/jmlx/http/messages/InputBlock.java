package dev.jmlx.http.messages;

import java.util.List;
import java.util.Map;

/// A content block of a request that reaches the prompt. Thinking blocks are read and left out.
sealed interface InputBlock {

    /// Text, from a `text` block, a string, or a text document.
    record Text(String text) implements InputBlock {}

    /// A call the assistant made.
    record ToolUse(String id, String name, Map<String, Object> input) implements InputBlock {}

    /// What a call gave. `parts`: only [Text] and [ToolReference].
    record ToolResult(String toolUseId, List<InputBlock> parts, boolean isError) implements InputBlock {}

    /// Stands for the definition of a tool that was not offered from the start.
    record ToolReference(String toolName) implements InputBlock {}
}
