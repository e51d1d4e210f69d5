package dev.jmlx.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.jinja.Goldens;
import dev.jmlx.jinja.Goldens.Conversation;
import dev.jmlx.jinja.Goldens.Golden;
import dev.jmlx.jinja.Goldens.Source;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Typed messages and tools give the same prompts as the dicts that the reference was given, wherever
/// the template supports the conversation as it is.
class ChatTemplateGoldenTest {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");
    private static final Set<String> KEYS = Set.of("role", "content", "tool_calls", "tool_call_id", "name");

    private record Typed(List<ChatMessage> messages, List<ToolSpec> tools) {
        boolean usesTools() {
            return !tools.isEmpty()
                    || messages.stream()
                            .anyMatch(message -> message.role() == Role.TOOL
                                    || !message.toolCalls().isEmpty());
        }
    }

    @Test
    void rendersSupportedConversationsLikeTheReference() {
        var conversations = Goldens.read("conversations.jsonl.gz", Conversation.class).stream()
                .filter(conversation -> !conversation.continueFinalMessage())
                .collect(Collectors.toMap(Conversation::id, Function.identity()));
        var templates = new HashMap<String, ChatTemplate>();
        Goldens.read("templates.jsonl.gz", Source.class)
                .forEach(source -> templates.put(
                        source.id(),
                        ChatTemplate.compile(
                                source.template(), source.bosToken(), source.eosToken(), ChatTemplateTest.CLOCK)));
        var checked = 0;
        for (var golden : Goldens.read("goldens.jsonl.gz", Golden.class)) {
            var conversation = conversations.get(golden.conv());
            var template = Optional.ofNullable(templates.get(golden.template())).orElseThrow();
            var typed = conversation == null ? null : typed(conversation);
            if (conversation != null && typed != null && golden.output() != null && isSupported(template, typed)) {
                var prompt = template.render(
                        typed.messages(), typed.tools(), conversation.addGenerationPrompt(), conversation.kwargs());
                assertThat(prompt)
                        .as("%s, %s", golden.template(), golden.conv())
                        .isEqualTo(golden.output());
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(15 * templates.size());
    }

    private static boolean isSupported(ChatTemplate template, Typed typed) {
        return (template.knowsTools() || !typed.usesTools())
                && MessageFolding.fold(typed.messages(), template.traits()).equals(typed.messages());
    }

    private static @Nullable Typed typed(Conversation conversation) {
        var isPlain = conversation.messages().stream().allMatch(ChatTemplateGoldenTest::isPlain)
                && conversation.documents() == null
                && !(conversation.tools() instanceof List<?> list
                        && (list.isEmpty() || !((Map<?, ?>) list.getFirst()).containsKey("function")));
        return isPlain
                ? new Typed(
                        conversation.messages().stream()
                                .map(ChatTemplateGoldenTest::message)
                                .toList(),
                        tools(conversation.tools()))
                : null;
    }

    private static boolean isPlain(Map<String, Object> message) {
        return ROLES.contains(String.valueOf(message.get("role")))
                && KEYS.containsAll(message.keySet())
                && message.get("content") instanceof String
                && calls(message).stream()
                        .allMatch(call -> function(call).get("arguments") instanceof Map && call.containsKey("id"))
                && (!message.containsKey("tool_calls") || !calls(message).isEmpty());
    }

    private static ChatMessage message(Map<String, Object> message) {
        var role = Role.valueOf(String.valueOf(message.get("role")).toUpperCase(Locale.ROOT));
        var calls = calls(message).stream()
                .map(call -> new ToolCall(
                        text(call, "id"), text(function(call), "name"), object(function(call), "arguments")))
                .toList();
        return new ChatMessage(role, text(message, "content"), calls, (String) message.get("tool_call_id"), (String)
                message.get("name"));
    }

    private static List<ToolSpec> tools(@Nullable Object tools) {
        return tools instanceof List<?> list
                ? list.stream()
                        .map(tool -> function((Map<?, ?>) tool))
                        .map(tool ->
                                new ToolSpec(text(tool, "name"), text(tool, "description"), object(tool, "parameters")))
                        .toList()
                : List.of();
    }

    private static List<Map<?, ?>> calls(Map<String, Object> message) {
        return message.get("tool_calls") instanceof List<?> list
                ? list.stream().<Map<?, ?>>map(call -> (Map<?, ?>) call).toList()
                : List.of();
    }

    private static Map<?, ?> function(Map<?, ?> call) {
        return call.get("function") instanceof Map<?, ?> function ? function : Map.of();
    }

    private static String text(Map<?, ?> map, String key) {
        return String.valueOf(map.get(key));
    }

    @SuppressWarnings("unchecked") // JSON objects have string keys
    private static Map<String, Object> object(Map<?, ?> map, String key) {
        return (Map<String, Object>) Optional.<Object>ofNullable(map.get(key)).orElseThrow();
    }
}
