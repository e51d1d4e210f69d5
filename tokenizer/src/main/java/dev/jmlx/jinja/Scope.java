package dev.jmlx.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Variables by name; what is not here is looked up in the enclosing scope. One thread.
final class Scope {
    private enum Absent {
        VALUE
    }

    private final @Nullable Scope parent;
    private final Map<String, @Nullable Object> variables;

    Scope(@Nullable Scope parent) {
        this(parent, new HashMap<>(8));
    }

    /// A scope over existing `variables`; they are changed by [#set].
    Scope(@Nullable Scope parent, Map<String, @Nullable Object> variables) {
        this.parent = parent;
        this.variables = variables;
    }

    void set(String name, @Nullable Object value) {
        variables.put(name, value);
    }

    @Nullable
    Object lookup(String name) {
        for (@Nullable Scope scope = this; scope != null; scope = scope.parent) {
            var value = scope.variables.getOrDefault(name, Absent.VALUE);
            if (value != Absent.VALUE) {
                return value;
            }
        }
        return Undefined.variable(name);
    }
}
