package dev.jmlx.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds the methods of strings, dicts and lists by name.
final class Methods {
    private static final Set<String> DICT_CHANGES = Set.of("clear", "pop", "popitem", "setdefault", "update");
    private static final Set<String> LIST_CHANGES =
            Set.of("append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort");

    private Methods() {}

    /// A method of a built-in type. `budget` bounds what it makes.
    @FunctionalInterface
    interface Method {
        @Nullable
        Object call(Object owner, Arguments arguments, Budget budget);
    }

    /// A method with its owner, as a template sees `text.strip` before the call.
    record Bound(Object owner, String name, Method method) implements TemplateObject {
        @Override
        public String typeName() {
            return "builtin_function_or_method";
        }

        @Nullable
        Object call(Arguments arguments, Budget budget) {
            return method.call(owner, arguments, budget);
        }
    }

    static boolean isUnsafe(@Nullable Object owner, String name) {
        return (owner instanceof Map && DICT_CHANGES.contains(name))
                || (owner instanceof List && !(owner instanceof Tuple) && LIST_CHANGES.contains(name));
    }

    static @Nullable Bound find(@Nullable Object owner, String name) {
        var method = switch (owner) {
            case String _ -> StringMethods.ALL.get(name);
            case Markup _ -> StringMethods.ALL.get(name);
            case Map<?, ?> _ -> ContainerMethods.DICT.get(name);
            case Tuple _ -> name.equals("copy") ? null : ContainerMethods.LIST.get(name);
            case List<?> _ -> ContainerMethods.LIST.get(name);
            case null, default -> null;
        };
        return method == null || owner == null ? null : new Bound(owner, name, method);
    }
}
