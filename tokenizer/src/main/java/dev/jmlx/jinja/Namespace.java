package dev.jmlx.jinja;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `namespace(...)`: the one thing whose attributes `set` may change.
final class Namespace implements TemplateObject {
    private final Map<String, @Nullable Object> attributes = new LinkedHashMap<>();

    void set(String name, @Nullable Object value) {
        attributes.put(name, value);
    }

    @Override
    public String typeName() {
        return "Namespace";
    }

    @Override
    public @Nullable Object attribute(String name) {
        return attributes.containsKey(name) ? attributes.get(name) : Undefined.member(this, name);
    }

    Map<String, @Nullable Object> attributes() {
        return attributes;
    }
}
