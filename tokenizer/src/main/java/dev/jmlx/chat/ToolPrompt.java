package dev.jmlx.chat;

import dev.jmlx.jinja.Template;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Tool use for chat templates that know no tools: everything is said in plain messages.
///
/// The system message lists the tools as JSON lines and asks for calls in the Hermes form, which
/// [HermesParser] reads back; earlier calls become assistant text, and results become user messages,
/// those of one turn together. Used by [ChatTemplate]; stateless.
final class ToolPrompt {
    private static final Template DESCRIPTION = Template.compile("""
            # Tools

            You can use the tools that are listed here, one JSON object a line, between <tools> and </tools>:
            <tools>
            {% for tool in tools %}
            {{ {"type": "function", "function": tool} | tojson }}
            {% endfor %}
            </tools>

            To use a tool, write its name and its arguments, which must fit the tool's "parameters" schema, \
            as one JSON object between <tool_call> and </tool_call>:
            <tool_call>
            {"name": "the tool's name", "arguments": {"a parameter": "its value"}}
            </tool_call>
            Write one such block for each call, and stop after the last. What the tools give back comes in the \
            next message, between <tool_response> and </tool_response>. Answer in plain words when no tool is needed.
            """);
    private static final Template CALL = Template.compile("""
            <tool_call>
            {{ {"name": name, "arguments": arguments} | tojson }}
            </tool_call>
            """);

    private ToolPrompt() {}

    /// The same conversation in system, user and assistant messages with text content only.
    static List<ChatMessage> apply(List<ChatMessage> messages, List<ToolSpec> tools) {
        var result = new ArrayList<ChatMessage>();
        var rest = messages;
        if (!tools.isEmpty()) {
            var leads = !messages.isEmpty() && messages.getFirst().role() == Role.SYSTEM;
            var system = leads ? messages.getFirst().content() + "\n\n" : "";
            result.add(ChatMessage.of(Role.SYSTEM, system + describe(tools)));
            rest = messages.subList(leads ? 1 : 0, messages.size());
        }
        var afterResult = false;
        for (var message : rest) {
            var plain = plain(message);
            if (message.role() == Role.TOOL && afterResult) {
                plain = ChatMessage.of(Role.USER, result.removeLast().content() + "\n" + plain.content());
            }
            afterResult = message.role() == Role.TOOL;
            result.add(plain);
        }
        return List.copyOf(result);
    }

    static String describe(List<ToolSpec> tools) {
        return DESCRIPTION.render(
                Map.of("tools", tools.stream().map(TemplateValues::function).toList()));
    }

    private static ChatMessage plain(ChatMessage message) {
        return switch (message.role()) {
            case SYSTEM, USER -> ChatMessage.of(message.role(), message.content());
            case TOOL -> ChatMessage.of(Role.USER, "<tool_response>\n" + message.content() + "\n</tool_response>");
            case ASSISTANT -> {
                var parts = new ArrayList<String>();
                if (!message.content().isEmpty()) {
                    parts.add(message.content());
                }
                message.toolCalls()
                        .forEach(call ->
                                parts.add(CALL.render(Map.of("name", call.name(), "arguments", call.arguments()))));
                yield ChatMessage.of(Role.ASSISTANT, String.join("\n", parts));
            }
        };
    }
}
