package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArithmeticOperator;
import dev.jmlx.jinja.Expression.ComparisonOperator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The tests behind `is`.
final class Tests {
    @FunctionalInterface
    interface Test {
        boolean test(Rendering rendering, @Nullable Object value, Arguments arguments);
    }

    static final Map<String, Test> ALL = all();

    private Tests() {}

    private static Map<String, Test> all() {
        var tests = new HashMap<String, Test>();
        addTypes(tests);
        addComparisons(tests);
        tests.put("odd", (rendering, value, _) -> hasRemainder(rendering, value, 2L, 1L));
        tests.put("even", (rendering, value, _) -> hasRemainder(rendering, value, 2L, 0L));
        tests.put(
                "divisibleby",
                (rendering, value, arguments) -> hasRemainder(rendering, value, arguments.required(0, "num"), 0L));
        tests.put("lower", (rendering, value, _) -> StringCases.isLower(rendering.str(value)));
        tests.put("upper", (rendering, value, _) -> StringCases.isUpper(rendering.str(value)));
        tests.put("filter", (_, value, _) -> value instanceof String name && Filters.ALL.containsKey(name));
        tests.put("test", (_, value, _) -> value instanceof String name && isTest(name));
        tests.put("escaped", (_, value, _) -> value instanceof Markup);
        return Map.copyOf(tests);
    }

    private static boolean isTest(String name) {
        return ALL.containsKey(name);
    }

    private static void addTypes(Map<String, Test> tests) {
        type(tests, "defined", value -> !(value instanceof Undefined));
        type(tests, "undefined", value -> value instanceof Undefined);
        type(tests, "none", value -> value == null);
        type(tests, "string", Python::isString);
        type(tests, "mapping", value -> value instanceof Map);
        type(tests, "sequence", value -> Python.hasLength(value) && !(value instanceof DictView));
        type(tests, "iterable", Python::isIterable);
        type(tests, "boolean", value -> value instanceof Boolean);
        type(tests, "true", value -> Objects.equals(value, true));
        type(tests, "false", value -> Objects.equals(value, false));
        type(tests, "number", Numbers::isNumber);
        type(tests, "integer", value -> Numbers.isInteger(value) && !(value instanceof Boolean));
        type(tests, "float", value -> value instanceof Double);
        type(tests, "callable", value -> value instanceof TemplateObject.Function || value instanceof Methods.Bound);
        tests.put("sameas", (_, value, arguments) -> same(value, arguments.required(0, "other")));
    }

    private static void type(Map<String, Test> tests, String name, Predicate<@Nullable Object> test) {
        tests.put(name, (_, value, _) -> test.test(value));
    }

    @SuppressWarnings("ReferenceEquality") // `sameas` asks for identity
    private static boolean same(@Nullable Object left, @Nullable Object right) {
        return left == right || (!(left instanceof List || left instanceof Map) && Objects.equals(left, right));
    }

    private static void addComparisons(Map<String, Test> tests) {
        compare(tests, ComparisonOperator.EQUAL, "eq", "equalto", "==");
        compare(tests, ComparisonOperator.NOT_EQUAL, "ne", "!=");
        compare(tests, ComparisonOperator.LESS, "lt", "lessthan", "<");
        compare(tests, ComparisonOperator.LESS_OR_EQUAL, "le", "<=");
        compare(tests, ComparisonOperator.GREATER, "gt", "greaterthan", ">");
        compare(tests, ComparisonOperator.GREATER_OR_EQUAL, "ge", ">=");
        compare(tests, ComparisonOperator.IN, "in");
    }

    private static void compare(Map<String, Test> tests, ComparisonOperator operator, String... names) {
        for (var name : names) {
            tests.put(
                    name,
                    (rendering, value, arguments) ->
                            Comparisons.test(operator, value, arguments.required(0, "other"), rendering.budget()));
        }
    }

    private static boolean hasRemainder(
            Rendering rendering, @Nullable Object value, @Nullable Object divisor, long wanted) {
        var budget = rendering.budget();
        return Comparisons.equal(Arithmetic.apply(ArithmeticOperator.MODULO, value, divisor, budget), wanted, budget);
    }
}
