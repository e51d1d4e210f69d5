package dev.jmlx.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Python's `json.dumps`, as the `tojson` filter of chat templates uses it.
final class JsonText {
    /// Options of `json.dumps`; a null `indent` keeps everything on one line.
    record Style(
            boolean asciiOnly, @Nullable String indent, String itemSeparator, String keySeparator, boolean sortKeys) {
        static final Style PLAIN = new Style(false, null, ", ", ": ", false);
    }

    private final StringBuilder out = new StringBuilder();
    private final Style style;
    private final Budget budget;

    private JsonText(Style style, Budget budget) {
        this.style = style;
        this.budget = budget;
    }

    static String write(@Nullable Object value, Style style, Budget budget) {
        var writer = new JsonText(style, budget);
        writer.value(value, "\n");
        return writer.out.toString();
    }

    private void value(@Nullable Object value, String lineStart) {
        budget.step();
        budget.enter();
        switch (value) {
            case null -> out.append("null");
            case String text -> string(text);
            case Markup markup -> string(markup.text());
            case Boolean flag -> out.append(flag);
            case Long number -> out.append(number);
            case BigInteger number -> out.append(number);
            case Double number -> out.append(number(number));
            case List<?> list -> array(list, lineStart);
            case Map<?, ?> map -> object(map, lineStart);
            default ->
                throw new TemplateException("Object of type " + Python.typeName(value) + " is not JSON serializable");
        }
        budget.checkSize(out.length());
        budget.leave();
    }

    private static String number(double number) {
        if (Double.isInfinite(number)) {
            return number > 0 ? "Infinity" : "-Infinity";
        }
        return Double.isNaN(number) ? "NaN" : PythonRepr.number(number);
    }

    private void array(List<?> list, String lineStart) {
        if (list.isEmpty()) {
            out.append("[]");
            return;
        }
        var inner = style.indent() == null ? lineStart : lineStart + style.indent();
        var separator = "";
        out.append('[');
        for (var element : list) {
            out.append(separator).append(style.indent() == null ? "" : inner);
            value(element, inner);
            separator = style.itemSeparator();
        }
        out.append(style.indent() == null ? "" : lineStart).append(']');
    }

    private void object(Map<?, ?> map, String lineStart) {
        if (map.isEmpty()) {
            out.append("{}");
            return;
        }
        var inner = style.indent() == null ? lineStart : lineStart + style.indent();
        var separator = "";
        out.append('{');
        for (var entry : entries(map)) {
            out.append(separator).append(style.indent() == null ? "" : inner);
            string(key(entry.getKey()));
            out.append(style.keySeparator());
            value(entry.getValue(), inner);
            separator = style.itemSeparator();
        }
        out.append(style.indent() == null ? "" : lineStart).append('}');
    }

    private List<Map.Entry<?, ?>> entries(Map<?, ?> map) {
        var entries = new ArrayList<Map.Entry<?, ?>>(map.entrySet());
        if (style.sortKeys()) {
            entries.sort((a, b) -> Comparisons.order(a.getKey(), b.getKey(), budget));
        }
        return entries;
    }

    private static String key(@Nullable Object key) {
        return switch (key) {
            case null -> "null";
            case String text -> text;
            case Boolean flag -> flag.toString();
            case Double number -> number(number);
            case Long number -> number.toString();
            case BigInteger number -> number.toString();
            default ->
                throw new TemplateException("keys must be str, int, float, bool or None, not " + Python.typeName(key));
        };
    }

    private void string(String text) {
        out.append('"');
        for (var i = 0; i < text.length(); i++) {
            character(text.charAt(i));
        }
        out.append('"');
    }

    private void character(char c) {
        switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\b' -> out.append("\\b");
            case '\f' -> out.append("\\f");
            default -> {
                if (c < ' ' || (style.asciiOnly() && c > '~' && c != Template.MARK)) {
                    out.append("\\u%04x".formatted((int) c));
                } else {
                    out.append(c);
                }
            }
        }
    }
}
