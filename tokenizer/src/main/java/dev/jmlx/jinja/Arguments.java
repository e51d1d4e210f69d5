package dev.jmlx.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Evaluated arguments of one call. Built-ins read them by position or name, as Python binds them.
record Arguments(List<@Nullable Object> positional, Map<String, @Nullable Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    static Arguments of(List<@Nullable Object> positional) {
        return new Arguments(positional, Map.of());
    }

    int count() {
        return positional.size() + named.size();
    }

    boolean has(int index, String name) {
        return index < positional.size() || named.containsKey(name);
    }

    @Nullable
    Object value(int index, String name, @Nullable Object fallback) {
        if (index < positional.size()) {
            return positional.get(index);
        }
        return named.containsKey(name) ? named.get(name) : fallback;
    }

    @Nullable
    Object required(int index, String name) {
        if (!has(index, name)) {
            throw new TemplateException("missing a required argument: '" + name + "'");
        }
        return value(index, name, null);
    }

    boolean truthy(int index, String name, boolean fallback) {
        return Python.truthy(value(index, name, fallback));
    }

    String text(int index, String name) {
        return Python.text(required(index, name), name);
    }

    String text(int index, String name, String fallback) {
        return Python.text(value(index, name, fallback), name);
    }

    int integer(int index, String name, int fallback) {
        return Numbers.toInt(value(index, name, (long) fallback));
    }

    /// Without the first `count` positional arguments.
    Arguments skip(int count) {
        return new Arguments(positional.subList(Math.min(count, positional.size()), positional.size()), named);
    }
}
