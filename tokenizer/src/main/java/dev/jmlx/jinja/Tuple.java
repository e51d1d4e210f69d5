package dev.jmlx.jinja;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.RandomAccess;
import org.jspecify.annotations.Nullable;

/// A Python tuple: a list that prints with parentheses and never equals a list. `fields` names the
/// elements of a named tuple, or is empty.
final class Tuple extends AbstractList<@Nullable Object> implements RandomAccess {
    private final List<@Nullable Object> items;
    private final List<String> fields;

    Tuple(List<@Nullable Object> items) {
        this(List.of(), items);
    }

    Tuple(List<String> fields, List<@Nullable Object> items) {
        this.fields = fields;
        this.items = Collections.unmodifiableList(items);
    }

    static Tuple of(@Nullable Object... items) {
        return new Tuple(Arrays.asList(items));
    }

    List<String> fields() {
        return fields;
    }

    @Override
    public @Nullable Object get(int index) {
        return items.get(index);
    }

    @Override
    public int size() {
        return items.size();
    }
}
