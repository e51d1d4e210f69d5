package dev.jmlx.chat;

import dev.jmlx.jinja.TemplateException;
import java.util.List;
import java.util.Map;

/// What a chat template can render, found out once by rendering tiny conversations.
///
/// A conversation counts as supported when it renders without an error and every marker word comes
/// out in its order: templates may raise, drop a message, or move it. [MessageFolding] rewrites what
/// is not supported. `nativeTools`: tools, calls and results; `leadingSystem`: a system message at
/// the start; `systemAnywhere`: one between other messages, in its place; `repeatedRoles`: two
/// messages of one role in a row; `userAfterResult`: a user message straight after a tool result;
/// `parallelCalls`: several calls in one message; `anyCallId`: ids that are not nine letters.
record TemplateTraits(
        boolean nativeTools,
        boolean leadingSystem,
        boolean systemAnywhere,
        boolean repeatedRoles,
        boolean userAfterResult,
        boolean parallelCalls,
        boolean anyCallId) {
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
    private static final ChatMessage USER = ChatMessage.of(Role.USER, "probeuser");
    private static final ChatMessage USER_2 = ChatMessage.of(Role.USER, "probesecond");
    private static final ChatMessage USER_3 = ChatMessage.of(Role.USER, "probethird");
    private static final ChatMessage ASSISTANT = ChatMessage.of(Role.ASSISTANT, "probeassistant");
    private static final ChatMessage ASSISTANT_2 = ChatMessage.of(Role.ASSISTANT, "probeagain");
    private static final ChatMessage RESULT = result(SHORT_ID, "proberesult");

    static TemplateTraits probe(Renderer renderer, boolean readsTools) {
        var conversation = List.of(USER, call(SHORT_ID), RESULT, ASSISTANT, USER_2);
        var nativeTools = readsTools
                && supports(renderer, conversation, "probedescription")
                && supports(renderer, conversation, "probeuser", "probeargument", "proberesult", "probeassistant");
        var systemAnywhere = supports(
                        renderer,
                        List.of(USER, SYSTEM, ASSISTANT, USER_2),
                        "probeuser",
                        "probesystem",
                        "probeassistant",
                        "probesecond")
                && supports(
                        renderer,
                        List.of(ChatMessage.of(Role.SYSTEM, "probefirst"), USER, ASSISTANT, SYSTEM, USER_2),
                        "probefirst",
                        "probeuser",
                        "probeassistant",
                        "probesystem",
                        "probesecond")
                && (!nativeTools
                        || supports(
                                renderer, List.of(USER, call(SHORT_ID), RESULT, SYSTEM), "proberesult", "probesystem"));
        return new TemplateTraits(
                nativeTools,
                supports(renderer, List.of(SYSTEM, USER), "probesystem"),
                systemAnywhere,
                supports(
                        renderer,
                        List.of(USER, USER_2, ASSISTANT, ASSISTANT_2, USER_3),
                        "probeuser",
                        "probesecond",
                        "probeassistant",
                        "probeagain",
                        "probethird"),
                nativeTools
                        && supports(
                                renderer, List.of(USER, call(SHORT_ID), RESULT, USER_2), "proberesult", "probesecond"),
                nativeTools && supportsParallelCalls(renderer),
                nativeTools
                        && supports(
                                renderer, List.of(USER, call(LONG_ID), result(LONG_ID, "proberesult")), "proberesult"));
    }

    private static boolean supportsParallelCalls(Renderer renderer) {
        var calls = new ChatMessage(
                Role.ASSISTANT,
                "",
                List.of(toolCall(SHORT_ID, "probeargument"), toolCall(OTHER_SHORT_ID, "probeother")),
                null,
                null);
        return supports(
                renderer,
                List.of(USER, calls, RESULT, result(OTHER_SHORT_ID, "probelast")),
                "probeargument",
                "probeother",
                "proberesult",
                "probelast");
    }

    private static ChatMessage call(String id) {
        return new ChatMessage(Role.ASSISTANT, "", List.of(toolCall(id, "probeargument")), null, null);
    }

    private static ToolCall toolCall(String id, String argument) {
        return new ToolCall(id, TOOL.name(), Map.of("key", argument));
    }

    private static ChatMessage result(String id, String content) {
        return new ChatMessage(Role.TOOL, content, List.of(), id, TOOL.name());
    }

    private static boolean supports(Renderer renderer, List<ChatMessage> messages, String... markers) {
        var withTools = messages.stream().anyMatch(message -> message.role() == Role.TOOL);
        String prompt;
        try {
            prompt = renderer.render(messages, withTools ? List.of(TOOL) : List.of());
        } catch (TemplateException _) {
            return false;
        }
        var from = 0;
        for (var marker : markers) {
            from = prompt.indexOf(marker, from);
            if (from < 0) {
                return false;
            }
        }
        return true;
    }
}
