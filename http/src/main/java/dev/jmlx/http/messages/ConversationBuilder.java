package dev.jmlx.http.messages;

import dev.jmlx.chat.ChatMessage;
import dev.jmlx.chat.Role;
import dev.jmlx.chat.ToolCall;
import dev.jmlx.chat.ToolSpec;
import dev.jmlx.http.messages.InputBlock.Text;
import dev.jmlx.http.messages.InputBlock.ToolReference;
import dev.jmlx.http.messages.InputBlock.ToolResult;
import dev.jmlx.http.messages.InputBlock.ToolUse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Turns a request into the messages of a chat template. One per request, one thread.
///
/// The same conversation gives the same beginning in every later request, whether a client sends content as a
/// string or as blocks. Deferred tools are described where a `tool_reference` names them, not at the top, for
/// the same reason. Roles stay as they are: the template folds what it does not support.
final class ConversationBuilder {
    private final Map<String, ToolDefinition> tools = new HashMap<>();
    private final Map<String, String> toolNames = new HashMap<>();
    private final List<ChatMessage> messages = new ArrayList<>();

    private ConversationBuilder() {}

    static Conversation build(MessagesRequest request) {
        return new ConversationBuilder().convert(request);
    }

    private Conversation convert(MessagesRequest request) {
        request.tools().forEach(tool -> tools.put(tool.spec().name(), tool));
        if (!request.system().isEmpty()) {
            messages.add(ChatMessage.of(Role.SYSTEM, joined(request.system(), "\n\n")));
        }
        var turns = request.messages();
        var prefilled = turns.getLast().role() == Role.ASSISTANT;
        for (var turn : prefilled ? turns.subList(0, turns.size() - 1) : turns) {
            switch (turn.role()) {
                case USER, TOOL -> addUser(turn.blocks());
                case ASSISTANT -> addAssistant(turn.blocks());
                case SYSTEM -> addSystem(turn.blocks());
            }
        }
        var prefill = prefilled ? joined(turns.getLast().blocks(), "") : "";
        return new Conversation(List.copyOf(messages), offeredTools(request), prefill);
    }

    private static List<ToolSpec> offeredTools(MessagesRequest request) {
        var offered = request.tools().stream().filter(tool -> !tool.deferred()).map(ToolDefinition::spec);
        return switch (request.toolChoice()) {
            case ToolChoice.Auto _ -> offered.toList();
            case ToolChoice.None _ -> List.of();
            case ToolChoice.Only only ->
                request.tools().stream()
                        .map(ToolDefinition::spec)
                        .filter(spec -> spec.name().equals(only.name()))
                        .toList();
        };
    }

    private void addSystem(List<InputBlock> blocks) {
        if (!blocks.isEmpty()) {
            messages.add(ChatMessage.of(Role.SYSTEM, joined(blocks, "\n\n")));
        }
    }

    private void addUser(List<InputBlock> blocks) {
        var texts = new ArrayList<InputBlock>();
        for (var block : blocks) {
            if (block instanceof ToolResult result) {
                addUserText(texts);
                messages.add(toolMessage(result));
            } else {
                texts.add(block);
            }
        }
        addUserText(texts);
    }

    private void addUserText(List<InputBlock> texts) {
        if (texts.isEmpty()) {
            return;
        }
        var text = joined(texts, "\n");
        texts.clear();
        messages.add(ChatMessage.of(Role.USER, text));
    }

    private ChatMessage toolMessage(ToolResult result) {
        var content = joined(result.parts(), "\n");
        return new ChatMessage(
                Role.TOOL,
                result.isError() ? "Error: " + content : content,
                List.of(),
                result.toolUseId(),
                toolNames.get(result.toolUseId()));
    }

    private void addAssistant(List<InputBlock> blocks) {
        var text = new StringBuilder();
        var calls = new ArrayList<ToolCall>();
        for (var block : blocks) {
            if (block instanceof ToolUse use) {
                toolNames.put(use.id(), use.name());
                calls.add(new ToolCall(use.id(), use.name(), use.input()));
            } else {
                text.append(textOf(block));
            }
        }
        messages.add(new ChatMessage(Role.ASSISTANT, text.toString(), calls, null, null));
    }

    private String joined(List<InputBlock> blocks, String separator) {
        return String.join(separator, blocks.stream().map(this::textOf).toList());
    }

    private String textOf(InputBlock block) {
        return switch (block) {
            case Text text -> text.text();
            case ToolReference reference -> description(reference.toolName());
            case ToolUse _, ToolResult _ -> "";
        };
    }

    private String description(String toolName) {
        var tool = tools.get(toolName);
        if (tool == null) {
            return "Tool " + toolName + " is not available any more.";
        }
        var description = new LinkedHashMap<String, Object>();
        description.put("name", toolName);
        description.put("description", tool.spec().description());
        description.put("parameters", tool.spec().inputSchema());
        return "This tool can be called now: " + JsonBody.text(description);
    }
}
