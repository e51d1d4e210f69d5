package dev.jmlx.chat;

import java.util.Map;

/// A call that the assistant made in an earlier turn. `arguments` holds JSON values as
/// [ChatTemplate] lists them.
public record ToolCall(String id, String name, Map<String, Object> arguments) {}
