package dev.jmlx.jinja;

import dev.jmlx.jinja.Filters.Filter;
import dev.jmlx.jinja.JsonText.Style;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Filters on single values: defaults, numbers, JSON, dicts.
final class ValueFilters {
    static final Map<String, Filter> ALL = all();

    private ValueFilters() {}

    private static Map<String, Filter> all() {
        var filters = new HashMap<String, Filter>();
        Filter length = (_, value, _) -> Python.length(value);
        filters.put("length", length);
        filters.put("count", length);
        filters.put("default", ValueFilters::orDefault);
        filters.put("d", ValueFilters::orDefault);
        filters.put("int", ValueFilters::toInteger);
        filters.put(
                "float",
                (_, value, arguments) ->
                        Objects.requireNonNullElse(Conversions.toFloat(value), arguments.value(0, "default", 0.0)));
        filters.put("abs", ValueFilters::absolute);
        filters.put("round", ValueFilters::round);
        filters.put("tojson", ValueFilters::toJson);
        filters.put("items", ValueFilters::items);
        filters.put("dictsort", ValueFilters::sortDict);
        filters.put("attr", ValueFilters::attribute);
        return Map.copyOf(filters);
    }

    private static @Nullable Object orDefault(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var missing = value instanceof Undefined || (arguments.truthy(1, "boolean", false) && !Python.truthy(value));
        return missing ? arguments.value(0, "default_value", "") : value;
    }

    private static @Nullable Object toInteger(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var whole = Conversions.toInteger(value, arguments.integer(1, "base", 10));
        if (whole != null) {
            return whole;
        }
        var real = Conversions.toFloat(value);
        return real != null && Double.isFinite(real) ? Conversions.truncate(real) : arguments.value(0, "default", 0L);
    }

    private static Object number(@Nullable Object value, String filter) {
        if (value instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (value == null || !Numbers.isNumber(value)) {
            throw new TemplateException("filter '" + filter + "' needs a number, not " + Python.typeName(value));
        }
        return value;
    }

    private static Object absolute(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var number = number(value, "abs");
        return number instanceof Double d
                ? (Object) Math.abs(d)
                : Numbers.normal(Numbers.toBig(number).abs());
    }

    private static Object round(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var number = number(value, "round");
        var mode = switch (arguments.text(1, "method", "common")) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw new TemplateException("method must be common, ceil or floor");
        };
        var precision = arguments.integer(0, "precision", 0);
        if (!(number instanceof Double real)) {
            return mode == RoundingMode.HALF_EVEN ? Numbers.add(number, 0L) : Numbers.toDouble(number);
        }
        if (!Double.isFinite(real) || Math.abs(precision) > 320) {
            return real;
        }
        var rounded = new BigDecimal(real).setScale(precision, mode).doubleValue();
        return rounded == 0 ? Math.copySign(0.0, real) : rounded;
    }

    private static String toJson(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var indent = switch (arguments.value(1, "indent", null)) {
            case null -> null;
            case String text -> text;
            case Object width -> " ".repeat(Math.clamp(Numbers.toInt(width), 0, 100));
        };
        var separators = arguments.value(2, "separators", null);
        var parts = separators == null ? List.of() : Python.list(separators, rendering.budget());
        if (separators != null && parts.size() != 2) {
            throw new TemplateException("tojson: separators must be a pair (item separator, key separator)");
        }
        var style = new Style(
                arguments.truthy(0, "ensure_ascii", false),
                indent,
                separators == null ? (indent == null ? ", " : ",") : Python.text(parts.get(0), "separator"),
                separators == null ? ": " : Python.text(parts.get(1), "separator"),
                arguments.truthy(3, "sort_keys", false));
        return JsonText.write(value, style, rendering.budget());
    }

    private static Object items(Rendering rendering, @Nullable Object value, Arguments arguments) {
        if (value instanceof Undefined) {
            return new Generator(Python.iterator(value));
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException("Can only get item pairs from a mapping.");
        }
        return new Generator(ContainerMethods.items(map, rendering.budget()).iterator());
    }

    private static Object sortDict(Rendering rendering, @Nullable Object value, Arguments arguments) {
        if (value instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (!(value instanceof Map<?, ?> map)) {
            throw new TemplateException("'" + Python.typeName(value) + "' object has no attribute 'items'");
        }
        var caseSensitive = arguments.truthy(0, "case_sensitive", false);
        var position = switch (arguments.text(1, "by", "key")) {
            case "key" -> 0;
            case "value" -> 1;
            default -> throw new TemplateException("You can only sort by either \"key\" or \"value\"");
        };
        var items =
                new ArrayList<>(ContainerMethods.items(map, rendering.budget()).elements());
        return Sorting.sort(
                items,
                item -> Sorting.key(((Tuple) Objects.requireNonNull(item)).get(position), caseSensitive),
                arguments.truthy(2, "reverse", false),
                rendering.budget());
    }

    private static @Nullable Object attribute(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var name = arguments.text(0, "name");
        return value instanceof Map ? Attributes.attribute(Map.of(), name) : Attributes.attribute(value, name);
    }
}
