package dev.jmlx.tokenizer;

import java.util.List;
import java.util.regex.PatternSyntaxException;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// An object within a JSON file together with the place where it stands, so that every complaint
/// names both. Used while loading only.
record JsonPart(JsonNode node, String file, String path) {

    JsonPart {
        if (!node.isObject()) {
            throw new TokenizerLoadException(where() + " must be an object, found " + node.getNodeType());
        }
    }

    /// The whole of a file.
    static JsonPart root(JsonNode node, String file) {
        return new JsonPart(node, file, "");
    }

    /// Where it stands: `file: path`.
    String where() {
        return path.isEmpty() ? file : file + ": " + path;
    }

    private String at(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    /// The component's `type`.
    String type() {
        return text("type");
    }

    String text(String key) {
        var value = node.get(key);
        if (value == null || !value.isString()) {
            throw missing(key, "a string", value);
        }
        return value.stringValue();
    }

    @Nullable
    String textOrNull(String key) {
        return node.path(key).isMissingNode() || node.path(key).isNull() ? null : text(key);
    }

    int number(String key) {
        var value = node.get(key);
        if (value == null || !value.isInt() || value.intValue() < 0) {
            throw missing(key, "a number of 0 or more", value);
        }
        return value.intValue();
    }

    /// A flag; `otherwise` where it is absent.
    boolean flag(String key, boolean otherwise) {
        var value = node.get(key);
        if (value == null || value.isNull()) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw missing(key, "true or false", value);
        }
        return value.booleanValue();
    }

    /// The object under `key`, or null where it is absent or null.
    @Nullable
    JsonPart partOrNull(String key) {
        var value = node.get(key);
        return value == null || value.isNull() ? null : new JsonPart(value, file, at(key));
    }

    JsonPart part(String key) {
        var part = partOrNull(key);
        if (part == null) {
            throw missing(key, "an object", null);
        }
        return part;
    }

    /// The objects in the array under `key`.
    List<JsonPart> parts(String key) {
        var value = node.get(key);
        if (value == null || !value.isArray()) {
            throw missing(key, "an array", value);
        }
        return StreamSupport.stream(value.spliterator(), false)
                .map(item -> new JsonPart(item, file, at(key) + "[]"))
                .toList();
    }

    /// The pattern under `pattern`: `{"String": ...}` or `{"Regex": ...}`.
    TextPattern pattern() {
        var pattern = part("pattern");
        if (!pattern.node.has("Regex")) {
            return TextPattern.literal(pattern.text("String"));
        }
        var expression = pattern.text("Regex");
        try {
            return TextPattern.regex(expression);
        } catch (PatternSyntaxException e) {
            throw new TokenizerLoadException(
                    "%s.Regex \"%s\" is not a supported expression: %s"
                            .formatted(pattern.where(), expression, e.getDescription()),
                    e);
        }
    }

    /// A complaint that this part has a `type` that nobody here knows.
    TokenizerLoadException unsupported(String supported) {
        return new TokenizerLoadException(
                "%s type \"%s\" is not supported; supported: %s".formatted(where(), type(), supported));
    }

    private TokenizerLoadException missing(String key, String expected, @Nullable JsonNode found) {
        var actual = found == null ? "nothing" : found.getNodeType().toString();
        return new TokenizerLoadException("%s: %s must be %s, found %s".formatted(file, at(key), expected, actual));
    }
}
