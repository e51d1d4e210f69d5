package dev.jmlx.jinja;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// A lazy sequence that can be walked once (`map`, `select`, `reverse` ...). Has no length and no JSON form.
record Generator(Iterator<@Nullable Object> iterator) implements TemplateObject.Walkable {
    @Override
    public String typeName() {
        return "generator";
    }
}
