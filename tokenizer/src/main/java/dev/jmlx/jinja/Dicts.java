package dev.jmlx.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Dict access with Python's key equality: `1`, `1.0` and `True` are one key.
final class Dicts {
    private Dicts() {}

    static boolean contains(Map<?, ?> map, @Nullable Object key) {
        return find(map, key) != Missing.KEY;
    }

    static @Nullable Object get(Map<?, ?> map, @Nullable Object key, @Nullable Object fallback) {
        var found = find(map, key);
        return found == Missing.KEY ? fallback : map.get(found);
    }

    static void put(Map<@Nullable Object, @Nullable Object> map, @Nullable Object key, @Nullable Object value) {
        requireHashable(key);
        var found = find(map, key);
        map.put(found == Missing.KEY ? plain(key) : found, value);
    }

    static void requireHashable(@Nullable Object key) {
        if (key instanceof Map || (key instanceof List && !(key instanceof Tuple))) {
            throw new TemplateException("unhashable type: '" + Python.typeName(key) + "'");
        }
    }

    private static @Nullable Object plain(@Nullable Object key) {
        return key instanceof Markup markup ? markup.text() : key;
    }

    /// The key as it is stored, or [Missing#KEY].
    private static @Nullable Object find(Map<?, ?> map, @Nullable Object key) {
        var plain = plain(key);
        if (plain != null && map.containsKey(plain)) {
            return plain;
        }
        if (plain == null || plain instanceof Number || plain instanceof Boolean) {
            for (var candidate : map.keySet()) {
                if (plain == null ? candidate == null : isSameNumber(plain, candidate)) {
                    return candidate;
                }
            }
        }
        return Missing.KEY;
    }

    private static boolean isSameNumber(Object key, @Nullable Object candidate) {
        return (candidate instanceof Number || candidate instanceof Boolean) && Numbers.compare(key, candidate) == 0;
    }

    private enum Missing {
        KEY
    }
}
