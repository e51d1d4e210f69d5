package dev.jmlx.chat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Applies a change to every text that comes from a client (contents, names, arguments, descriptions, schemas), and
/// another one to what an assistant said. Any thread.
record UserText(UnaryOperator<String> change, UnaryOperator<String> changeOfAnswers) {
    /// Changes nothing.
    static final UserText AS_IT_IS = new UserText(text -> text, text -> text);

    ChatMessage message(ChatMessage message) {
        var calls = message.toolCalls().stream()
                .map(call -> new ToolCall(text(call.id()), text(call.name()), object(call.arguments())))
                .toList();
        return new ChatMessage(
                message.role(),
                message.role() == Role.ASSISTANT ? changeOfAnswers.apply(message.content()) : text(message.content()),
                calls,
                message.toolCallId() == null ? null : text(message.toolCallId()),
                message.toolName() == null ? null : text(message.toolName()));
    }

    ToolSpec tool(ToolSpec tool) {
        return new ToolSpec(text(tool.name()), text(tool.description()), object(tool.inputSchema()));
    }

    private String text(String text) {
        return change.apply(text);
    }

    private Map<String, Object> object(Map<String, Object> map) {
        var result = new LinkedHashMap<String, Object>();
        map.forEach((key, value) -> result.put(text(key), value(value)));
        return result;
    }

    // A JSON null is a value here.
    @SuppressWarnings("NullAway")
    private Object value(@Nullable Object value) {
        return switch (value) {
            case String text -> text(text);
            case Map<?, ?> map -> {
                var result = new LinkedHashMap<Object, @Nullable Object>();
                map.forEach((key, entry) -> result.put(key instanceof String text ? text(text) : key, value(entry)));
                yield result;
            }
            case List<?> list -> list.stream().map(this::value).toList();
            case null, default -> value;
        };
    }
}
