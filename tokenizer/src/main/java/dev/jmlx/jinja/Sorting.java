package dev.jmlx.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Sorting as the filters do it: stable, by a key, ignoring case unless told otherwise; and the
/// dotted attribute paths (`a.b.0`) that name keys.
final class Sorting {
    private Sorting() {}

    static @Nullable Object key(@Nullable Object value, boolean caseSensitive) {
        return !caseSensitive && Python.isString(value) ? StringCases.lower(Python.text(value, "key")) : value;
    }

    static List<@Nullable Object> sort(
            List<@Nullable Object> items, UnaryOperator<@Nullable Object> key, boolean reverse, Budget budget) {
        var keyed = new ArrayList<Tuple>(items.size());
        items.forEach(item -> keyed.add(Tuple.of(key.apply(item), item)));
        keyed.sort((a, b) -> {
            var order = Comparisons.order(a.get(0), b.get(0), budget);
            return reverse ? -order : order;
        });
        var result = new ArrayList<@Nullable Object>(items.size());
        keyed.forEach(pair -> result.add(pair.get(1)));
        return result;
    }

    static @Nullable Object follow(@Nullable Object value, @Nullable Object path) {
        return follow(value, path, null);
    }

    /// Reads a dotted path, whose numbers are indices; a null `path` gives the value itself. What is
    /// missing on the way becomes `fallback`, unless that is null.
    static @Nullable Object follow(@Nullable Object value, @Nullable Object path, @Nullable Object fallback) {
        if (path == null) {
            return value;
        }
        if (!Python.isString(path)) {
            return orElse(Attributes.item(value, path), fallback);
        }
        var result = value;
        for (var part : Python.text(path, "attribute").split("\\.", -1)) {
            var isIndex = !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
            result = orElse(Attributes.item(result, isIndex ? (Object) Long.valueOf(part) : part), fallback);
        }
        return result;
    }

    private static @Nullable Object orElse(@Nullable Object value, @Nullable Object fallback) {
        return value instanceof Undefined && fallback != null ? fallback : value;
    }

    /// As [#follow], where commas separate several paths that sort one after the other.
    static @Nullable Object followAll(@Nullable Object value, @Nullable Object paths, boolean caseSensitive) {
        if (!(paths instanceof String text) || text.indexOf(',') < 0) {
            return key(follow(value, paths), caseSensitive);
        }
        var keys = new ArrayList<@Nullable Object>();
        for (var path : text.split(",", -1)) {
            keys.add(key(follow(value, path), caseSensitive));
        }
        return keys;
    }
}
