package dev.jmlx.jinja;

import java.math.BigDecimal;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Python's `str()` and `repr()`: what printing a value gives.
final class PythonRepr {
    private final StringBuilder out = new StringBuilder();
    private final Budget budget;

    private PythonRepr(Budget budget) {
        this.budget = budget;
    }

    static String str(@Nullable Object value, Budget budget) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined _ -> "";
            case null, default -> repr(value, budget);
        };
    }

    static String repr(@Nullable Object value, Budget budget) {
        var writer = new PythonRepr(budget);
        writer.write(value);
        return writer.out.toString();
    }

    private void write(@Nullable Object value) {
        budget.step();
        budget.enter();
        switch (value) {
            case null -> out.append("None");
            case String text -> string(text);
            case Markup markup -> markup(markup);
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Double number -> out.append(number(number));
            case Undefined _ -> out.append("Undefined");
            case Tuple tuple -> tuple(tuple);
            case List<?> list -> sequence("[", list.iterator(), "]");
            case Map<?, ?> map -> dict(map);
            case DictView view -> sequence(view.typeName() + "([", view.iterator(), "])");
            case Namespace namespace -> namespace(namespace);
            case Range range -> out.append(range);
            case TemplateObject object ->
                out.append('<').append(object.typeName()).append(" object>");
            default -> out.append(value);
        }
        budget.checkSize(out.length());
        budget.leave();
    }

    private void markup(Markup markup) {
        out.append("Markup(");
        string(markup.text());
        out.append(')');
    }

    private void namespace(Namespace namespace) {
        out.append("<Namespace ");
        dict(namespace.attributes());
        out.append('>');
    }

    private void tuple(Tuple tuple) {
        sequence("(", tuple.iterator(), tuple.size() == 1 ? ",)" : ")");
    }

    private void sequence(String begin, Iterator<?> elements, String end) {
        out.append(begin);
        for (var separator = ""; elements.hasNext(); separator = ", ") {
            out.append(separator);
            write(elements.next());
        }
        out.append(end);
    }

    private void dict(Map<?, ?> map) {
        out.append('{');
        var separator = "";
        for (var entry : map.entrySet()) {
            out.append(separator);
            write(entry.getKey());
            out.append(": ");
            write(entry.getValue());
            separator = ", ";
        }
        out.append('}');
    }

    private void string(String text) {
        var quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> character(c, quote));
        out.append(quote);
    }

    private void character(int c, char quote) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case '\\' -> out.append("\\\\");
            default -> {
                if (c == quote) {
                    out.append('\\').append(quote);
                } else if (isPrintable(c) || c == Template.MARK) {
                    out.appendCodePoint(c);
                } else {
                    out.append(
                            c <= 0xff
                                    ? "\\x%02x".formatted(c)
                                    : c <= 0xffff ? "\\u%04x".formatted(c) : "\\U%08x".formatted(c));
                }
            }
        }
    }

    static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> codePoint == ' ';
            default -> true;
        };
    }

    /// The shortest decimal that reads back as the same double, laid out as Python does.
    static String number(double value) {
        if (!Double.isFinite(value)) {
            return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }
        var decimal = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        var digits = decimal.unscaledValue().toString();
        var exponent = value == 0 ? 0 : digits.length() - 1 - decimal.scale();
        var sign = value < 0 || (value == 0 && 1 / value < 0) ? "-" : "";
        if (exponent < -4 || exponent >= 16) {
            var fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
            return sign
                    + digits.charAt(0)
                    + fraction
                    + (exponent < 0 ? "e-" : "e+")
                    + "%02d".formatted(Math.abs(exponent));
        }
        var plain = decimal.toPlainString();
        return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
    }
}
