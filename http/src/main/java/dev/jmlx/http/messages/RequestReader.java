package dev.jmlx.http.messages;

import dev.jmlx.chat.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;

/// Reads and validates the body of a messages or count_tokens request. Unknown fields are accepted: clients are
/// newer than servers. Stateless; throws [ApiException] 400 that names the field.
final class RequestReader {
    private RequestReader() {}

    static MessagesRequest read(JsonNode body) {
        var root = Field.root(body);
        var model = root.at("model").name();
        var answering = answering(root);
        List<InputBlock> system =
                root.at("system").isAbsent() ? List.of() : BlockReader.read(root.at("system"), Role.SYSTEM);
        var messages = messages(root.at("messages"));
        var tools = ToolReader.tools(root.at("tools"));
        var choice = ToolReader.choice(root.at("tool_choice"), tools);
        ConversationRules.check(messages);
        return new MessagesRequest(model, system, messages, tools, choice, answering);
    }

    private static MessagesRequest.Answering answering(Field root) {
        var maxTokens = root.at("max_tokens");
        return new MessagesRequest.Answering(
                maxTokens.isAbsent() ? OptionalInt.empty() : OptionalInt.of(maxTokens.wholeNumber(1)),
                new RequestedSampling(
                        root.at("temperature").present().map(Field::fraction).orElse(null),
                        root.at("top_p").present().map(Field::fraction).orElse(null),
                        root.at("top_k").present().map(k -> k.wholeNumber(0)).orElse(null)),
                stopSequences(root.at("stop_sequences")),
                root.at("stream").present().map(Field::flag).orElse(false));
    }

    private static List<String> stopSequences(Field field) {
        if (field.isAbsent()) {
            return List.of();
        }
        var stops = new ArrayList<String>();
        for (var element : field.elements()) {
            if (element.text().isBlank()) {
                throw element.error("each stop sequence must contain non-whitespace");
            }
            stops.add(element.text());
        }
        return List.copyOf(stops);
    }

    private static List<InputMessage> messages(Field field) {
        var messages = new ArrayList<InputMessage>();
        for (var element : field.elements()) {
            messages.add(message(element.object()));
        }
        if (messages.isEmpty()) {
            throw field.error("at least one message is required");
        }
        return List.copyOf(messages);
    }

    private static InputMessage message(Field message) {
        var role = switch (message.at("role").choice("user", "assistant", "system")) {
            case "user" -> Role.USER;
            case "assistant" -> Role.ASSISTANT;
            default -> Role.SYSTEM;
        };
        var content = message.at("content");
        var blocks = BlockReader.read(content, role);
        if (role == Role.USER && isEmpty(content.node())) {
            throw message.error("user messages must have non-empty content");
        }
        return new InputMessage(role, blocks);
    }

    private static boolean isEmpty(JsonNode content) {
        return content.isString() ? content.stringValue().isEmpty() : content.isEmpty();
    }
}
