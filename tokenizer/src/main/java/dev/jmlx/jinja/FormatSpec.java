package dev.jmlx.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Python's format mini-language (`>8.2f`), used by `str.format` and, through [PercentFormat], by `%`.
record FormatSpec(
        String fill, char align, char sign, boolean alternate, int width, String grouping, int precision, char type) {
    static final char NONE = '\0';
    static final int UNSET = -1;
    private static final Pattern SYNTAX = Pattern.compile(
            "(?s)(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d{1,9})?([,_])?(?:\\.(\\d{1,9}))?([bcdeEfFgGnosxX%])?");

    static FormatSpec parse(String text) {
        var found = SYNTAX.matcher(text);
        if (!found.matches()) {
            throw new TemplateException("Invalid format specifier '" + text + "'");
        }
        var zero = found.group(5) != null;
        var fill = found.group(1) != null ? found.group(1) : zero && found.group(2) == null ? "0" : " ";
        var align = found.group(2) != null ? found.group(2).charAt(0) : zero ? '=' : NONE;
        return new FormatSpec(
                fill,
                align,
                found.group(3) != null ? found.group(3).charAt(0) : '-',
                found.group(4) != null,
                found.group(6) != null ? Integer.parseInt(found.group(6)) : 0,
                found.group(7) != null ? found.group(7) : "",
                found.group(8) != null ? Integer.parseInt(found.group(8)) : UNSET,
                found.group(9) != null ? found.group(9).charAt(0) : NONE);
    }

    String apply(@Nullable Object value, Budget budget) {
        budget.checkSize(Math.max(width, precision));
        if (value != null && Numbers.isNumber(value) && !(value instanceof Boolean && type == NONE)) {
            return number(value);
        }
        if (type != NONE && type != 's') {
            throw new TemplateException(
                    "Unknown format code '" + type + "' for object of type '" + Python.typeName(value) + "'");
        }
        var text = PythonRepr.str(value, budget);
        var cut = precision >= 0 && precision < Text.length(text) ? Text.substring(text, 0, precision) : text;
        return pad("", cut, align == NONE ? '<' : align);
    }

    private String number(Object value) {
        var negative = value instanceof Double d
                ? d < 0 || 1 / d < 0
                : Numbers.toBig(value).signum() < 0;
        var magnitude = negative ? Numbers.negate(value) : value;
        var digits = value instanceof Double || ("eEfFgG%".indexOf(type) >= 0 && type != NONE)
                ? real(Numbers.toDouble(magnitude))
                : integer(magnitude);
        var prefix = (negative ? "-" : sign == '-' ? "" : String.valueOf(sign)) + radixPrefix();
        return pad(prefix, digits, align == NONE ? '>' : align);
    }

    private String radixPrefix() {
        return alternate && "xXob".indexOf(type) >= 0 && type != NONE ? "0" + type : "";
    }

    private String integer(Object magnitude) {
        var big = Numbers.toBig(magnitude);
        return switch (type) {
            case 'x' -> big.toString(16);
            case 'X' -> big.toString(16).toUpperCase(Locale.ROOT);
            case 'o' -> big.toString(8);
            case 'b' -> big.toString(2);
            case 'c' -> Character.toString(Numbers.toInt(magnitude));
            case 's' -> throw new TemplateException("Unknown format code 's' for object of type 'int'");
            default -> group(big.toString());
        };
    }

    private String real(double magnitude) {
        if (!Double.isFinite(magnitude)) {
            return PythonRepr.number(magnitude);
        }
        var digits = precision == UNSET ? 6 : precision;
        var exact = new BigDecimal(magnitude);
        return switch (type) {
            case 'f', 'F' -> group(fixed(exact, digits));
            case '%' -> group(fixed(exact.movePointRight(2), digits)) + "%";
            case 'e', 'E' -> exponent(exact, digits);
            case NONE -> precision == UNSET ? group(PythonRepr.number(magnitude)) : general(exact, Math.max(1, digits));
            default -> general(exact, Math.max(1, digits));
        };
    }

    private static String fixed(BigDecimal value, int digits) {
        return value.setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    }

    private String exponent(BigDecimal value, int digits) {
        var rounded = value.round(new MathContext(digits + 1, RoundingMode.HALF_EVEN));
        var power = value.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        var mantissa = fixed(rounded.movePointLeft(power), digits);
        var mark = type == 'E' ? "E" : "e";
        return mantissa + mark + (power < 0 ? "-" : "+") + "%02d".formatted(Math.abs(power));
    }

    private String general(BigDecimal value, int digits) {
        var rounded = value.round(new MathContext(digits, RoundingMode.HALF_EVEN));
        var power = value.signum() == 0 ? 0 : rounded.precision() - rounded.scale() - 1;
        if (power < -4 || power >= digits) {
            var text = exponent(value, digits - 1);
            var mark = Math.max(text.indexOf('e'), text.indexOf('E'));
            return trimZeros(text.substring(0, mark)) + text.substring(mark);
        }
        return group(trimZeros(fixed(rounded, Math.max(0, digits - 1 - power))));
    }

    private static String trimZeros(String number) {
        return number.indexOf('.') < 0 ? number : number.replaceAll("\\.?0+$", "");
    }

    private String group(String number) {
        if (grouping.isEmpty()) {
            return number;
        }
        var end = number.indexOf('.') < 0 ? number.length() : number.indexOf('.');
        var out = new StringBuilder(number);
        for (var i = end - 3; i > 0; i -= 3) {
            out.insert(i, grouping);
        }
        return out.toString();
    }

    private String pad(String prefix, String digits, char alignment) {
        var missing = width - Text.length(prefix) - Text.length(digits);
        if (missing <= 0) {
            return prefix + digits;
        }
        return switch (alignment) {
            case '<' -> prefix + digits + fill.repeat(missing);
            case '^' -> fill.repeat(missing / 2) + prefix + digits + fill.repeat(missing - missing / 2);
            case '=' -> prefix + fill.repeat(missing) + digits;
            default -> fill.repeat(missing) + prefix + digits;
        };
    }
}
