package dev.jmlx.chat;

import dev.jmlx.jinja.TemplateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Finds a template's [TemplateTraits] by rendering tiny conversations, once, when it is compiled.
///
/// A conversation counts as supported when it renders without an error and every content and call
/// argument comes out in its order: templates may raise, drop a message, or move it.
final class TemplateProbe {
    /// Renders messages as they are.
    interface Renderer {
        String render(List<ChatMessage> messages, List<ToolSpec> tools);
    }

    private static final ToolSpec TOOL = new ToolSpec(
            "probetool",
            "probedescription",
            Map.of("type", "object", "properties", Map.of("key", Map.of("type", "string", "description", "text"))));
    private static final String SHORT_ID = "abcdefgh1";
    private static final String OTHER_SHORT_ID = "abcdefgh2";
    private static final String LONG_ID = "toolu_01AbCdEfGhIjKlMnOpQrStUv";
    private static final ChatMessage SYSTEM = ChatMessage.of(Role.SYSTEM, "probesystem");
    private static final ChatMessage FIRST_SYSTEM = ChatMessage.of(Role.SYSTEM, "probefirst");
    private static final ChatMessage USER = ChatMessage.of(Role.USER, "probeuser");
    private static final ChatMessage SECOND_USER = ChatMessage.of(Role.USER, "probesecond");
    private static final ChatMessage THIRD_USER = ChatMessage.of(Role.USER, "probethird");
    private static final ChatMessage ASSISTANT = ChatMessage.of(Role.ASSISTANT, "probeassistant");
    private static final ChatMessage SECOND_ASSISTANT = ChatMessage.of(Role.ASSISTANT, "probeagain");
    private static final ChatMessage CALL = calls(SHORT_ID);
    private static final ChatMessage RESULT = result(SHORT_ID);

    private final Renderer renderer;

    private TemplateProbe(Renderer renderer) {
        this.renderer = renderer;
    }

    /// `readsTools`: whether the template reads the variable `tools` at all.
    static TemplateTraits probe(Renderer renderer, boolean readsTools) {
        return new TemplateProbe(renderer).run(readsTools);
    }

    private TemplateTraits run(boolean readsTools) {
        var nativeTools = readsTools && supports(USER, CALL, RESULT, ASSISTANT, SECOND_USER) && describesTools();
        return new TemplateTraits(
                nativeTools,
                supports(SYSTEM, USER),
                supports(USER, SYSTEM, ASSISTANT, SECOND_USER)
                        && supports(FIRST_SYSTEM, USER, ASSISTANT, SYSTEM, SECOND_USER)
                        && (!nativeTools || supports(USER, CALL, RESULT, SYSTEM)),
                supports(USER, SECOND_USER, ASSISTANT, SECOND_ASSISTANT, THIRD_USER),
                nativeTools && supports(USER, CALL, RESULT, SECOND_USER),
                nativeTools
                        && supports(USER, calls(SHORT_ID, OTHER_SHORT_ID), RESULT, result(OTHER_SHORT_ID), ASSISTANT),
                nativeTools && supports(USER, calls(LONG_ID), result(LONG_ID)));
    }

    private boolean describesTools() {
        try {
            return renderer.render(List.of(USER), List.of(TOOL)).contains(TOOL.description());
        } catch (TemplateException _) {
            return false;
        }
    }

    private static ChatMessage calls(String... ids) {
        var calls = List.of(ids).stream()
                .map(id -> new ToolCall(id, TOOL.name(), Map.of("key", "probeargument" + id.length() + id.charAt(8))))
                .toList();
        return new ChatMessage(Role.ASSISTANT, "", calls, null, null);
    }

    private static ChatMessage result(String id) {
        return new ChatMessage(Role.TOOL, "proberesult" + id.charAt(8), List.of(), id, TOOL.name());
    }

    private boolean supports(ChatMessage... messages) {
        var conversation = List.of(messages);
        var withTools = conversation.stream().anyMatch(message -> message.role() == Role.TOOL);
        try {
            var prompt = renderer.render(conversation, withTools ? List.of(TOOL) : List.of());
            var from = 0;
            for (var marker : markers(conversation)) {
                from = prompt.indexOf(marker, from);
                if (from < 0) {
                    return false;
                }
            }
            return true;
        } catch (TemplateException _) {
            return false;
        }
    }

    private static List<String> markers(List<ChatMessage> conversation) {
        var markers = new ArrayList<String>();
        for (var message : conversation) {
            if (!message.content().isEmpty()) {
                markers.add(message.content());
            }
            message.toolCalls()
                    .forEach(call -> call.arguments().values().forEach(value -> markers.add((String) value)));
        }
        return markers;
    }
}
