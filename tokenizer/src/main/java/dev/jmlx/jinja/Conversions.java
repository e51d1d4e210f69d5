package dev.jmlx.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `int(...)` and `float(...)` of Python, for the filters of these names.
final class Conversions {
    private static final Pattern FLOAT =
            Pattern.compile("[+-]?(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?|inf|infinity|nan)");

    private Conversions() {}

    static Object truncate(double number) {
        return Numbers.normal(new BigDecimal(number).toBigInteger());
    }

    /// The integer, or null where Python raises ValueError or TypeError.
    static @Nullable Object toInteger(@Nullable Object value, int base) {
        return switch (value) {
            case Undefined undefined -> throw undefined.used();
            case String text -> parseInteger(text, base);
            case Markup markup -> parseInteger(markup.text(), base);
            case Boolean flag -> flag ? 1L : 0L;
            case Double number when Double.isFinite(number) -> truncate(number);
            case Long _, BigInteger _ -> value;
            case null, default -> null;
        };
    }

    private static @Nullable Object parseInteger(String text, int base) {
        var digits = Text.strip(text).replace("_", "").toLowerCase(Locale.ROOT);
        var negative = digits.startsWith("-");
        var body = negative || digits.startsWith("+") ? digits.substring(1) : digits;
        var prefixed = (base == 16 && body.startsWith("0x"))
                || (base == 8 && body.startsWith("0o"))
                || (base == 2 && body.startsWith("0b"));
        body = prefixed ? body.substring(2) : body;
        if (body.isEmpty() || body.length() > 4000 || !Character.isLetterOrDigit(body.charAt(0))) {
            return null;
        }
        try {
            return Numbers.normal(new BigInteger((negative ? "-" : "") + body, base));
        } catch (NumberFormatException _) {
            return null;
        }
    }

    /// The double, or null where Python raises ValueError or TypeError.
    static @Nullable Double toFloat(@Nullable Object value) {
        return switch (value) {
            case Undefined undefined -> throw undefined.used();
            case String text -> parseFloat(text);
            case Markup markup -> parseFloat(markup.text());
            case null -> null;
            default -> Numbers.isNumber(value) ? (Double) Numbers.toDouble(value) : null;
        };
    }

    private static @Nullable Double parseFloat(String text) {
        var number = Text.strip(text).replace("_", "").toLowerCase(Locale.ROOT);
        if (!FLOAT.matcher(number).matches()) {
            return null;
        }
        if (number.endsWith("nan")) {
            return Double.NaN;
        }
        if (number.contains("inf")) {
            return number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.valueOf(number);
    }
}
