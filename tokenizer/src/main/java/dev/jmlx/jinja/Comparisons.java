package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ComparisonOperator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `==`, `<`, `in` and their kin, between Python values.
final class Comparisons {
    private Comparisons() {}

    static boolean test(ComparisonOperator operator, @Nullable Object left, @Nullable Object right, Budget budget) {
        return switch (operator) {
            case EQUAL -> equal(left, right, budget);
            case NOT_EQUAL -> !equal(left, right, budget);
            case LESS -> ordered(left, right) && order(left, right, "<", budget) < 0;
            case LESS_OR_EQUAL -> ordered(left, right) && order(left, right, "<=", budget) <= 0;
            case GREATER -> ordered(left, right) && order(left, right, ">", budget) > 0;
            case GREATER_OR_EQUAL -> ordered(left, right) && order(left, right, ">=", budget) >= 0;
            case IN -> contains(right, left, budget);
            case NOT_IN -> !contains(right, left, budget);
        };
    }

    private static boolean ordered(@Nullable Object left, @Nullable Object right) {
        return left == null
                || right == null
                || !Numbers.isNumber(left)
                || !Numbers.isNumber(right)
                || Numbers.isOrdered(left, right);
    }

    static boolean equal(@Nullable Object left, @Nullable Object right, Budget budget) {
        budget.step();
        if (left == null || right == null) {
            return left == null && right == null;
        }
        if (Python.isString(left) && Python.isString(right)) {
            return Python.text(left, "").equals(Python.text(right, ""));
        }
        if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
            return Numbers.isOrdered(left, right) && Numbers.compare(left, right) == 0;
        }
        if (left instanceof Undefined && right instanceof Undefined) {
            return true;
        }
        if (left instanceof List<?> a && right instanceof List<?> b) {
            return left instanceof Tuple == right instanceof Tuple && listsEqual(a, b, budget);
        }
        if (left instanceof Map<?, ?> a && right instanceof Map<?, ?> b) {
            return mapsEqual(a, b, budget);
        }
        return left.equals(right);
    }

    private static boolean listsEqual(List<?> left, List<?> right, Budget budget) {
        if (left.size() != right.size()) {
            return false;
        }
        budget.enter();
        var others = right.iterator();
        var result = true;
        for (var element : left) {
            if (!equal(element, others.next(), budget)) {
                result = false;
                break;
            }
        }
        budget.leave();
        return result;
    }

    private static boolean mapsEqual(Map<?, ?> left, Map<?, ?> right, Budget budget) {
        if (left.size() != right.size()) {
            return false;
        }
        budget.enter();
        var result = true;
        for (var entry : left.entrySet()) {
            if (!Dicts.contains(right, entry.getKey())
                    || !equal(entry.getValue(), Dicts.get(right, entry.getKey(), null), budget)) {
                result = false;
                break;
            }
        }
        budget.leave();
        return result;
    }

    /// Negative, zero or positive; fails where Python has no order.
    static int order(@Nullable Object left, @Nullable Object right, Budget budget) {
        return order(left, right, "<", budget);
    }

    private static int order(@Nullable Object left, @Nullable Object right, String symbol, Budget budget) {
        budget.step();
        if (left instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (right instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (left != null && right != null) {
            if (Numbers.isNumber(left) && Numbers.isNumber(right)) {
                return Numbers.compare(left, right);
            }
            if (Python.isString(left) && Python.isString(right)) {
                return Text.compare(Python.text(left, ""), Python.text(right, ""));
            }
            if (left instanceof List<?> a
                    && right instanceof List<?> b
                    && left instanceof Tuple == right instanceof Tuple) {
                return orderLists(a, b, symbol, budget);
            }
        }
        throw new TemplateException("'" + symbol + "' not supported between instances of '" + Python.typeName(left)
                + "' and '" + Python.typeName(right) + "'");
    }

    private static int orderLists(List<?> left, List<?> right, String symbol, Budget budget) {
        budget.enter();
        var result = Integer.compare(left.size(), right.size());
        for (var i = 0; i < Math.min(left.size(), right.size()); i++) {
            if (!equal(left.get(i), right.get(i), budget)) {
                result = order(left.get(i), right.get(i), symbol, budget);
                break;
            }
        }
        budget.leave();
        return result;
    }

    /// `element in container`.
    static boolean contains(@Nullable Object container, @Nullable Object element, Budget budget) {
        if (Python.isString(container)) {
            if (!Python.isString(element)) {
                throw new TemplateException(
                        "'in <string>' requires string as left operand, not " + Python.typeName(element));
            }
            return Python.text(container, "").contains(Python.text(element, ""));
        }
        if (container instanceof Map<?, ?> map) {
            Dicts.requireHashable(element);
            return Dicts.contains(map, element);
        }
        if (!Python.isIterable(container)) {
            throw new TemplateException("argument of type '" + Python.typeName(container) + "' is not iterable");
        }
        for (var elements = Python.iterator(container); elements.hasNext(); ) {
            if (equal(element, elements.next(), budget)) {
                return true;
            }
        }
        return false;
    }
}
