package dev.jmlx.jinja;

import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// What one rendering shares: its budget and clock, and how filters and tests are found. One thread.
record Rendering(Budget budget, Clock clock) {
    @Nullable
    Object filter(String name, @Nullable Object value, Arguments arguments) {
        var filter = Filters.ALL.get(name);
        if (filter == null) {
            throw new TemplateException("No filter named '" + name + "'.");
        }
        return filter.apply(this, value, arguments);
    }

    boolean test(String name, @Nullable Object value, Arguments arguments) {
        var test = Tests.ALL.get(name);
        if (test == null) {
            throw new TemplateException("No test named '" + name + "'.");
        }
        return test.test(this, value, arguments);
    }

    /// `str(value)`.
    String str(@Nullable Object value) {
        return PythonRepr.str(value, budget);
    }
}
