package dev.jmlx.engine.weights;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `config.json`, or an object inside it, read by key with the errors that a user needs.
///
/// Used by the architectures while they load. Immutable by agreement. A missing or wrong value is a
/// [ModelLoadException] that names the file, the key and what it must be.
public final class ModelConfig {
    /// Python writes infinite numbers as they are, transformers also as `{"__float__": "Infinity"}`.
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private static final String TAG = "__float__";

    /// Characters of a wrong value that a message shows.
    private static final int LONGEST_VALUE = 100;

    private final String where;
    private final JsonNode node;

    private ModelConfig(String where, JsonNode node) {
        this.where = where;
        this.node = node;
    }

    /// Reads a JSON object from `file`.
    public static ModelConfig read(Path file) {
        var name = String.valueOf(file.getFileName());
        if (!Files.isRegularFile(file)) {
            throw new ModelLoadException(file + ": no such file; a model folder needs " + name);
        }
        try {
            return of(name, JSON.readTree(file));
        } catch (JacksonException e) {
            throw new ModelLoadException(name + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// Reads a JSON object from text; `name` stands in messages.
    public static ModelConfig parse(String name, String json) {
        try {
            return of(name, JSON.readTree(json));
        } catch (JacksonException e) {
            throw new ModelLoadException(name + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private static ModelConfig of(String name, JsonNode node) {
        if (!node.isObject()) {
            throw new ModelLoadException(name + ": must be a JSON object");
        }
        return new ModelConfig(name, node);
    }

    /// The same with `value` under `key` where there was nothing; what configurations of models within models
    /// leave out.
    public ModelConfig withDefault(String key, int value) {
        return has(key) ? this : with(key, JsonNodeFactory.instance.numberNode(value));
    }

    /// The same with a number that need not be whole.
    public ModelConfig withDefault(String key, double value) {
        return has(key) ? this : with(key, JsonNodeFactory.instance.numberNode(value));
    }

    private ModelConfig with(String key, JsonNode value) {
        var copy = ((ObjectNode) node).deepCopy();
        copy.set(key, value);
        return new ModelConfig(where, copy);
    }

    /// Whether the key is there and not null.
    public boolean has(String key) {
        return node.hasNonNull(key);
    }

    public String string(String key) {
        var value = value(key);
        if (!value.isString()) {
            throw wrong(key, "must be a string", value);
        }
        return value.stringValue();
    }

    public String string(String key, String fallback) {
        return has(key) ? string(key) : fallback;
    }

    /// A whole number of at least `minimum`.
    public int integer(String key, int minimum) {
        var value = value(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < minimum) {
            throw wrong(key, "must be a whole number of at least " + minimum, value);
        }
        return value.intValue();
    }

    public int integer(String key, int minimum, int fallback) {
        return has(key) ? integer(key, minimum) : fallback;
    }

    public double number(String key) {
        var value = value(key);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw wrong(key, "must be a number", value);
        }
        return value.doubleValue();
    }

    public double number(String key, double fallback) {
        return has(key) ? number(key) : fallback;
    }

    public boolean flag(String key, boolean fallback) {
        if (!has(key)) {
            return fallback;
        }
        var value = value(key);
        if (!value.isBoolean()) {
            throw wrong(key, "must be true or false", value);
        }
        return value.booleanValue();
    }

    /// A whole number or a list of them, as `eos_token_id` is spelled; empty when absent.
    public int[] integers(String key) {
        if (!has(key)) {
            return new int[0];
        }
        var value = value(key);
        var list =
                value.isArray() ? value : JsonNodeFactory.instance.arrayNode().add(value);
        var result = new int[list.size()];
        for (var i = 0; i < result.length; i++) {
            if (!list.get(i).isIntegralNumber() || !list.get(i).canConvertToInt()) {
                throw wrong(key, "must be a whole number or a list of them", value);
            }
            result[i] = list.get(i).intValue();
        }
        return result;
    }

    /// The numbers of the list under `key`, which may be infinite; empty when absent.
    public double[] numbers(String key) {
        if (!has(key)) {
            return new double[0];
        }
        var value = value(key);
        if (!value.isArray() || !value.valueStream().allMatch(n -> n.isNumber() || isTagged(n))) {
            throw wrong(key, "must be a list of numbers", value);
        }
        return value.valueStream()
                .mapToDouble(
                        n -> n.isNumber() ? n.doubleValue() : tagged(n.path(TAG).stringValue()))
                .toArray();
    }

    private static boolean isTagged(JsonNode node) {
        return node.path(TAG).isString() && node.size() == 1;
    }

    private static double tagged(String name) {
        return switch (name) {
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> Double.NaN;
        };
    }

    /// The strings of the list under `key`, or the characters of the string there.
    public List<String> stringOrStrings(String key) {
        return value(key).isString() ? List.of(string(key).split("")) : strings(key);
    }

    /// The strings of the list under `key`; empty when absent.
    public List<String> strings(String key) {
        if (!has(key)) {
            return List.of();
        }
        var value = value(key);
        if (!value.isArray() || !value.valueStream().allMatch(JsonNode::isString)) {
            throw wrong(key, "must be a list of strings", value);
        }
        return value.valueStream().map(JsonNode::stringValue).toList();
    }

    /// The object under `key`, or null when it is absent or null.
    public @Nullable ModelConfig objectOrNull(String key) {
        if (has(key) && !value(key).isObject()) {
            throw wrong(key, "must be an object", value(key));
        }
        return object(key);
    }

    /// The object under `key`, or null when it is absent, null, or no object.
    public @Nullable ModelConfig object(String key) {
        var value = node.get(key);
        return value != null && value.isObject() ? new ModelConfig(where + ": " + key, value) : null;
    }

    /// Whether `key` is spelled out as the literal `false`.
    public boolean isFalse(String key) {
        var value = node.get(key);
        return value != null && value.isBoolean() && !value.booleanValue();
    }

    /// Whether `key` is the number `number`.
    public boolean isNumber(String key, double number) {
        var value = node.get(key);
        return value != null && value.isNumber() && value.doubleValue() == number;
    }

    private JsonNode value(String key) {
        var value = node.get(key);
        if (value == null || value.isNull()) {
            throw new ModelLoadException(where + ": \"" + key + "\" is missing");
        }
        return value;
    }

    private ModelLoadException wrong(String key, String rule, JsonNode found) {
        var text = found.toString();
        var shown = text.length() > LONGEST_VALUE ? text.substring(0, LONGEST_VALUE) + "..." : text;
        return new ModelLoadException(where + ": \"" + key + "\" " + rule + ", found " + shown);
    }
}
