package dev.jmlx.jinja;

import dev.jmlx.jinja.TemplateObject.Function;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The functions that every template can call.
final class Globals {
    private final Rendering rendering;

    private Globals(Rendering rendering) {
        this.rendering = rendering;
    }

    static Map<String, @Nullable Object> of(Rendering rendering) {
        var globals = new Globals(rendering);
        var result = new HashMap<String, @Nullable Object>();
        result.put("range", (Function) globals::range);
        result.put("dict", globals.new DictType());
        result.put("namespace", (Function) globals::namespace);
        result.put("raise_exception", (Function) globals::raise);
        result.put("strftime_now", (Function) globals::now);
        result.put("cycler", (Function) arguments -> new Cycler(arguments.positional()));
        result.put("joiner", (Function) globals::joiner);
        result.put("self", (TemplateObject) () -> "TemplateReference");
        return result;
    }

    private Object range(Arguments arguments) {
        var numbers = arguments.positional().stream()
                .map(value -> (long) Numbers.toInt(value))
                .toList();
        return switch (numbers.size()) {
            case 1 -> new Range(0, numbers.get(0), 1);
            case 2 -> new Range(numbers.get(0), numbers.get(1), 1);
            case 3 -> new Range(numbers.get(0), numbers.get(1), numbers.get(2));
            default -> throw new TemplateException("range expected 1 to 3 arguments, got " + numbers.size());
        };
    }

    private Map<@Nullable Object, @Nullable Object> dict(Arguments arguments) {
        var result = new LinkedHashMap<@Nullable Object, @Nullable Object>();
        var source = arguments.value(0, "", Map.of());
        if (source instanceof Map<?, ?> map) {
            result.putAll(map);
        } else {
            for (var pair : Python.list(source, rendering.budget())) {
                var parts = Python.list(pair, rendering.budget());
                if (parts.size() != 2) {
                    throw new TemplateException(
                            "dictionary update sequence element has length " + parts.size() + "; 2 is required");
                }
                Dicts.put(result, parts.get(0), parts.get(1));
            }
        }
        result.putAll(arguments.named());
        return result;
    }

    private Object namespace(Arguments arguments) {
        var namespace = new Namespace();
        dict(arguments).forEach((name, value) -> namespace.set(Python.text(name, "attribute name"), value));
        return namespace;
    }

    private @Nullable Object raise(Arguments arguments) {
        throw new TemplateException(rendering.str(arguments.required(0, "message")));
    }

    private Object now(Arguments arguments) {
        return Strftime.format(arguments.text(0, "format"), rendering.clock());
    }

    private Object joiner(Arguments arguments) {
        var separator = arguments.value(0, "sep", ", ");
        var isUsed = new boolean[1];
        return (Function) _ -> {
            var first = !isUsed[0];
            isUsed[0] = true;
            return first ? "" : separator;
        };
    }

    /// `dict(...)` and `dict.fromkeys`.
    private final class DictType implements Function {
        @Override
        public String typeName() {
            return "type";
        }

        @Override
        public @Nullable Object call(Arguments arguments) {
            return dict(arguments);
        }

        @Override
        public @Nullable Object attribute(String name) {
            return name.equals("fromkeys")
                    ? (Function) arguments -> ContainerMethods.fromKeys(arguments, rendering.budget())
                    : Undefined.member(this, name);
        }
    }

    /// `cycler('a', 'b')`: hands out its items in turn.
    private static final class Cycler implements TemplateObject {
        private final List<@Nullable Object> items;
        private int position;

        Cycler(List<@Nullable Object> items) {
            if (items.isEmpty()) {
                throw new TemplateException("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public String typeName() {
            return "Cycler";
        }

        @Override
        public @Nullable Object attribute(String name) {
            return switch (name) {
                case "current" -> items.get(position);
                case "next" -> (Function) _ -> next();
                case "reset" -> (Function) _ -> reset();
                default -> Undefined.member(this, name);
            };
        }

        private @Nullable Object next() {
            var item = items.get(position);
            position = (position + 1) % items.size();
            return item;
        }

        private @Nullable Object reset() {
            position = 0;
            return null;
        }
    }
}
