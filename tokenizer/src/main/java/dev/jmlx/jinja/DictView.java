package dev.jmlx.jinja;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The result of `dict.keys()`, `.values()` or `.items()`; `typeName` says which.
record DictView(String typeName, List<@Nullable Object> elements) implements TemplateObject.Sized {
    @Override
    public int size() {
        return elements.size();
    }

    @Override
    public Iterator<@Nullable Object> iterator() {
        return elements.iterator();
    }
}
