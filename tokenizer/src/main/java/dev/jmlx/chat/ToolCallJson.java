package dev.jmlx.chat;

import dev.jmlx.chat.OutputEvent.ToolUse;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads a call that a model wrote as JSON: an object with `name` and `arguments` (or `parameters`).
///
/// Arguments that are a JSON string with an object in it are unwrapped; absent ones count as `{}`.
final class ToolCallJson {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ToolCallJson() {}

    /// Empty where `text` is not such an object.
    static Optional<ToolUse> read(String text) {
        return parse(text).filter(JsonNode::isObject).flatMap(ToolCallJson::call);
    }

    private static Optional<ToolUse> call(JsonNode call) {
        var name = call.path("name");
        if (!name.isString() || name.stringValue().isBlank()) {
            return Optional.empty();
        }
        var arguments = call.has("arguments") ? call.path("arguments") : call.path("parameters");
        return argumentsJson(arguments).map(json -> new ToolUse(name.stringValue(), json));
    }

    private static Optional<String> argumentsJson(JsonNode arguments) {
        if (arguments.isMissingNode() || arguments.isNull()) {
            return Optional.of("{}");
        }
        if (arguments.isString()) {
            return parse(arguments.stringValue()).filter(JsonNode::isObject).map(JsonNode::toString);
        }
        return arguments.isObject() ? Optional.of(arguments.toString()) : Optional.empty();
    }

    private static Optional<JsonNode> parse(String text) {
        try {
            return Optional.ofNullable(JSON.readTree(text));
        } catch (JacksonException _) {
            return Optional.empty();
        }
    }
}
