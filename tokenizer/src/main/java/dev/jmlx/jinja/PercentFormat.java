package dev.jmlx.jinja;

import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `'%s and %02d' % (a, b)`: the `%` operator on strings, and the `format` filter.
final class PercentFormat {
    private static final Pattern FIELD =
            Pattern.compile("%(?:\\(([^)]*)\\))?([-+ #0]*)(\\d{1,9})?(?:\\.(\\d{1,9}))?([a-zA-Z%])?");

    private final @Nullable Object values;
    private final Budget budget;
    private final boolean escapes;
    private int used;

    private PercentFormat(@Nullable Object values, boolean escapes, Budget budget) {
        this.values = values;
        this.escapes = escapes;
        this.budget = budget;
    }

    static Object format(@Nullable Object pattern, @Nullable Object values, Budget budget) {
        var escapes = pattern instanceof Markup;
        var text = new PercentFormat(values, escapes, budget).run(Python.text(pattern, "format"));
        return escapes ? new Markup(text) : text;
    }

    private String run(String pattern) {
        var out = new StringBuilder();
        var fields = FIELD.matcher(pattern);
        var end = 0;
        while (fields.find()) {
            budget.append(out, pattern.substring(end, fields.start()));
            budget.append(out, field(fields.toMatchResult()));
            end = fields.end();
        }
        budget.append(out, pattern.substring(end));
        // Python takes everything that can be indexed, lists too, for a mapping whose rest may stay unused.
        var mayStayUnused = values instanceof Map || (values instanceof List && !(values instanceof Tuple));
        if (!mayStayUnused && used < (values instanceof Tuple tuple ? tuple.size() : 1)) {
            throw new TemplateException("not all arguments converted during string formatting");
        }
        return out.toString();
    }

    private String field(MatchResult field) {
        if (field.group(5) == null) {
            throw new TemplateException("incomplete format");
        }
        var type = field.group(5).charAt(0);
        if (type == '%') {
            return "%";
        }
        var value = field.group(1) == null ? nextValue() : namedValue(field.group(1));
        var flags = field.group(2);
        var width = field.group(3) == null ? 0 : Integer.parseInt(field.group(3));
        var precision = field.group(4) == null ? FormatSpec.UNSET : Integer.parseInt(field.group(4));
        var sign = flags.contains("+") ? '+' : flags.contains(" ") ? ' ' : '-';
        var zero = flags.contains("0") && !flags.contains("-") && "sra".indexOf(type) < 0;
        var align = flags.contains("-") ? '<' : zero ? '=' : '>';
        var spec = new FormatSpec(zero ? "0" : " ", align, sign, flags.contains("#"), width, "", precision, code(type));
        return spec.apply(converted(type, value), budget);
    }

    private static char code(char type) {
        return switch (type) {
            case 's', 'r', 'a' -> 's';
            case 'i', 'u' -> 'd';
            case 'd', 'x', 'X', 'o', 'c', 'e', 'E', 'f', 'F', 'g', 'G' -> type;
            default -> throw new TemplateException("unsupported format character '" + type + "'");
        };
    }

    private @Nullable Object converted(char type, @Nullable Object value) {
        return switch (code(type)) {
            case 's' -> type == 's' ? plain(value) : PythonRepr.repr(value, budget);
            case 'd', 'x', 'X', 'o' -> {
                if (value == null || !Numbers.isNumber(value)) {
                    throw new TemplateException(
                            "%" + type + " format: a real number is required, not " + Python.typeName(value));
                }
                yield value instanceof Double number ? Conversions.truncate(number) : value;
            }
            case 'c' -> value;
            default -> {
                if (value == null || !Numbers.isNumber(value)) {
                    throw new TemplateException("must be real number, not " + Python.typeName(value));
                }
                yield Numbers.toDouble(value);
            }
        };
    }

    private String plain(@Nullable Object value) {
        var text = PythonRepr.str(value, budget);
        return escapes && !(value instanceof Markup) ? Text.escapeHtml(text) : text;
    }

    private @Nullable Object nextValue() {
        var available = values instanceof Tuple tuple ? tuple : List.of();
        if (!(values instanceof Tuple) && used == 0) {
            used = 1;
            return values;
        }
        if (used >= available.size()) {
            throw new TemplateException("not enough arguments for format string");
        }
        return available.get(used++);
    }

    private @Nullable Object namedValue(String name) {
        if (!(values instanceof Map<?, ?> map)) {
            throw new TemplateException("format requires a mapping");
        }
        if (!Dicts.contains(map, name)) {
            throw new TemplateException("KeyError: '" + name + "'");
        }
        return Dicts.get(map, name, null);
    }
}
