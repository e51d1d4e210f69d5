package dev.jmlx.http.messages;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// JSON trees as Java's own collections, which chat templates work on: Map, List, String, Boolean, Long or
/// BigInteger, Double, null. Stateless.
final class PlainJson {
    private PlainJson() {}

    /// The object's members in their order. NullAway cannot express a map whose values come from JSON: null
    /// included.
    @SuppressWarnings("NullAway")
    static Map<String, Object> object(JsonNode node) {
        var map = new LinkedHashMap<String, Object>();
        for (var entry : node.properties()) {
            map.put(entry.getKey(), value(entry.getValue()));
        }
        return map;
    }

    private static @Nullable Object value(JsonNode node) {
        if (node.isObject()) {
            return object(node);
        }
        if (node.isArray()) {
            var list = new ArrayList<@Nullable Object>(node.size());
            for (var element : node) {
                list.add(value(element));
            }
            return list;
        }
        if (node.isIntegralNumber()) {
            return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
        }
        if (node.isNumber()) {
            return node.doubleValue();
        }
        return node.isBoolean() ? (Object) node.booleanValue() : node.isNull() ? null : node.stringValue();
    }
}
