package dev.jmlx.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// An object within a JSON file together with the place where it stands, so that every complaint
/// names both. Used while loading only.
record JsonPart(Map<?, ?> entries, String file, String path) {

    /// The whole of a file.
    static JsonPart root(Map<?, ?> entries, String file) {
        return new JsonPart(entries, file, "");
    }

    /// Where it stands: `file: path`.
    String where() {
        return path.isEmpty() ? file : file + ": " + path;
    }

    /// The component's `type`.
    String type() {
        return text("type");
    }

    boolean has(String key) {
        return entries.get(key) != null;
    }

    boolean isObject(String key) {
        return entries.get(key) instanceof Map;
    }

    boolean isArray(String key) {
        return entries.get(key) instanceof List;
    }

    String text(String key) {
        if (entries.get(key) instanceof String text) {
            return text;
        }
        throw unexpected(key, "a string");
    }

    /// The string under `key`, or null where it is absent or null.
    @Nullable
    String textOrNull(String key) {
        return has(key) ? text(key) : null;
    }

    /// A whole number from 0 to `largest`.
    int number(String key, int largest) {
        if (entries.get(key) instanceof Integer number && number >= 0 && number <= largest) {
            return number;
        }
        throw unexpected(key, "a whole number from 0 to " + largest);
    }

    /// A flag; `otherwise` where it is absent or null.
    boolean flag(String key, boolean otherwise) {
        if (!has(key)) {
            return otherwise;
        }
        if (entries.get(key) instanceof Boolean flag) {
            return flag;
        }
        throw unexpected(key, "true or false");
    }

    /// The object under `key`, or null where it is absent or null.
    @Nullable
    JsonPart partOrNull(String key) {
        return has(key) ? part(key) : null;
    }

    JsonPart part(String key) {
        if (entries.get(key) instanceof Map<?, ?> map) {
            return new JsonPart(map, file, at(key));
        }
        throw unexpected(key, "an object");
    }

    /// The objects in the array under `key`.
    List<JsonPart> parts(String key) {
        return array(key).stream()
                .map(item -> {
                    if (item instanceof Map<?, ?> map) {
                        return new JsonPart(map, file, at(key) + "[]");
                    }
                    throw unexpected(key, "an array of objects");
                })
                .toList();
    }

    /// The whole numbers in the array under `key`.
    int[] numbers(String key) {
        return array(key).stream()
                .mapToInt(item -> {
                    if (item instanceof Integer number) {
                        return number;
                    }
                    throw unexpected(key, "an array of whole numbers");
                })
                .toArray();
    }

    /// The pattern under `pattern`: `{"String": ...}` or `{"Regex": ...}`.
    TextPattern pattern() {
        var pattern = part("pattern");
        if (!pattern.has("Regex")) {
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

    private List<?> array(String key) {
        if (entries.get(key) instanceof List<?> list) {
            return list;
        }
        throw unexpected(key, "an array");
    }

    private String at(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private TokenizerLoadException unexpected(String key, String expected) {
        var found = switch (entries.get(key)) {
            case null -> "nothing";
            case Map<?, ?> _ -> "an object";
            case List<?> _ -> "an array";
            case String text -> '"' + text + '"';
            case Object value -> value.toString();
        };
        return new TokenizerLoadException("%s: %s must be %s, found %s".formatted(file, at(key), expected, found));
    }
}
