package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArithmeticOperator;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `+ - * / // % **` between Python values: numbers, strings, lists.
final class Arithmetic {
    private Arithmetic() {}

    static Object apply(ArithmeticOperator operator, @Nullable Object left, @Nullable Object right, Budget budget) {
        if (left instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (right instanceof Undefined undefined) {
            throw undefined.used();
        }
        return switch (operator) {
            case ADD -> add(left, right, budget);
            case MULTIPLY -> multiply(left, right, budget);
            case MODULO ->
                Python.isString(left) ? PercentFormat.format(left, right, budget) : numeric(operator, left, right);
            case SUBTRACT, DIVIDE, FLOOR_DIVIDE, POWER -> numeric(operator, left, right);
        };
    }

    private static Object numeric(ArithmeticOperator operator, @Nullable Object left, @Nullable Object right) {
        if (left == null || right == null || !Numbers.isNumber(left) || !Numbers.isNumber(right)) {
            throw unsupported(operator, left, right);
        }
        return switch (operator) {
            case ADD -> Numbers.add(left, right);
            case SUBTRACT -> Numbers.subtract(left, right);
            case MULTIPLY -> Numbers.multiply(left, right);
            case DIVIDE -> Numbers.divide(left, right);
            case FLOOR_DIVIDE -> Numbers.floorDivide(left, right);
            case MODULO -> Numbers.modulo(left, right);
            case POWER -> Numbers.power(left, right);
        };
    }

    private static TemplateException unsupported(
            ArithmeticOperator operator, @Nullable Object left, @Nullable Object right) {
        return new TemplateException("unsupported operand type(s) for " + operator.symbol() + ": '"
                + Python.typeName(left) + "' and '" + Python.typeName(right) + "'");
    }

    private static Object add(@Nullable Object left, @Nullable Object right, Budget budget) {
        if (left instanceof String a && right instanceof String b) {
            budget.checkSize((long) a.length() + b.length());
            return a.concat(b);
        }
        if (Python.isString(left) && Python.isString(right)) {
            var text = escaped(left) + escaped(right);
            budget.checkSize(text.length());
            return new Markup(text);
        }
        if (left instanceof List<?> a
                && right instanceof List<?> b
                && left instanceof Tuple == right instanceof Tuple) {
            budget.checkSize((long) a.size() + b.size());
            budget.spend((long) a.size() + b.size());
            var result = new ArrayList<@Nullable Object>(a);
            result.addAll(b);
            return left instanceof Tuple ? new Tuple(result) : result;
        }
        if (Python.isString(left) || left instanceof List) {
            var type = Python.typeName(left);
            throw new TemplateException(
                    "can only concatenate " + type + " (not \"" + Python.typeName(right) + "\") to " + type);
        }
        return numeric(ArithmeticOperator.ADD, left, right);
    }

    private static String escaped(@Nullable Object value) {
        return value instanceof Markup markup ? markup.text() : Text.escapeHtml(Python.text(value, ""));
    }

    private static Object multiply(@Nullable Object left, @Nullable Object right, Budget budget) {
        if (left != null && right != null && Numbers.isInteger(left) && isSequence(right)) {
            return repeat(right, Numbers.toInt(left), budget);
        }
        if (left != null && isSequence(left)) {
            if (!Numbers.isInteger(right)) {
                throw new TemplateException(
                        "can't multiply sequence by non-int of type '" + Python.typeName(right) + "'");
            }
            return repeat(left, Numbers.toInt(right), budget);
        }
        return numeric(ArithmeticOperator.MULTIPLY, left, right);
    }

    private static boolean isSequence(Object value) {
        return Python.isString(value) || value instanceof List;
    }

    private static Object repeat(Object sequence, int count, Budget budget) {
        var times = Math.max(0, count);
        if (sequence instanceof List<?> list) {
            budget.checkSize((long) list.size() * times);
            budget.spend((long) list.size() * times);
            var result = new ArrayList<@Nullable Object>();
            for (var i = 0; i < times && !list.isEmpty(); i++) {
                result.addAll(list);
            }
            return list instanceof Tuple ? new Tuple(result) : result;
        }
        var text = Python.text(sequence, "");
        budget.checkSize((long) text.length() * times);
        budget.spend((long) text.length() * times);
        var repeated = text.repeat(times);
        return sequence instanceof Markup ? new Markup(repeated) : repeated;
    }
}
