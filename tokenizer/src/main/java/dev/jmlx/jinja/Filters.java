package dev.jmlx.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The filters that templates can name, collected from the classes that implement them.
final class Filters {
    /// Applied to the value left of `|`.
    @FunctionalInterface
    interface Filter {
        @Nullable
        Object apply(Rendering rendering, @Nullable Object value, Arguments arguments);
    }

    static final Map<String, Filter> ALL = all();

    private Filters() {}

    private static Map<String, Filter> all() {
        var filters = new HashMap<String, Filter>();
        filters.putAll(TextFilters.ALL);
        filters.putAll(ValueFilters.ALL);
        filters.putAll(SequenceFilters.ALL);
        filters.putAll(SelectFilters.ALL);
        return Map.copyOf(filters);
    }
}
