package dev.jmlx.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Messages and tools as the dicts that Hugging Face clients hand to chat templates. Key order
/// matters, as some templates print whole dicts; keys without a value are left out.
final class TemplateValues {
    private TemplateValues() {}

    static Map<String, @Nullable Object> message(ChatMessage message) {
        var dict = new LinkedHashMap<String, @Nullable Object>();
        dict.put("role", message.role().templateName());
        if (message.toolCallId() != null) {
            dict.put("tool_call_id", message.toolCallId());
        }
        if (message.toolName() != null) {
            dict.put("name", message.toolName());
        }
        dict.put("content", message.content());
        if (!message.toolCalls().isEmpty()) {
            dict.put(
                    "tool_calls",
                    message.toolCalls().stream().map(TemplateValues::call).toList());
        }
        return dict;
    }

    private static Map<String, Object> call(ToolCall call) {
        var function = new LinkedHashMap<String, Object>();
        function.put("name", call.name());
        function.put("arguments", call.arguments());
        var dict = new LinkedHashMap<String, Object>();
        dict.put("id", call.id());
        dict.put("type", "function");
        dict.put("function", function);
        return dict;
    }

    /// `{"name", "description", "parameters"}`.
    static Map<String, Object> function(ToolSpec tool) {
        var dict = new LinkedHashMap<String, Object>();
        dict.put("name", tool.name());
        dict.put("description", tool.description());
        dict.put("parameters", tool.inputSchema());
        return dict;
    }

    static List<Map<String, Object>> tools(List<ToolSpec> tools) {
        return tools.stream().map(TemplateValues::tool).toList();
    }

    private static Map<String, Object> tool(ToolSpec tool) {
        var dict = new LinkedHashMap<String, Object>();
        dict.put("type", "function");
        dict.put("function", function(tool));
        return dict;
    }
}
