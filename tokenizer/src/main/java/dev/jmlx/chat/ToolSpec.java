package dev.jmlx.chat;

import java.util.Map;

/// A tool that the model may call: its name, what it does, and the JSON schema of its input.
public record ToolSpec(String name, String description, Map<String, Object> inputSchema) {}
