package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArgumentList;
import dev.jmlx.jinja.Expression.FilterCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Computes the values of [Expression]s. One per rendering, one thread.
final class Evaluator {
    private final Rendering rendering;
    private final Budget budget;

    Evaluator(Rendering rendering) {
        this.rendering = rendering;
        this.budget = rendering.budget();
    }

    @Nullable
    Object evaluate(Expression expression, Scope scope) {
        budget.step();
        return switch (expression) {
            case Expression.Literal(var value) -> value;
            case Expression.Name(var name) -> scope.lookup(name);
            case Expression.Attribute(var target, var name) -> Attributes.attribute(evaluate(target, scope), name);
            case Expression.Item(var target, var key) -> Attributes.item(evaluate(target, scope), evaluate(key, scope));
            case Expression.Slice slice -> slice(slice, scope);
            case Expression.Call(var target, var arguments) ->
                call(evaluate(target, scope), arguments(arguments, scope));
            case Expression.Filter(var target, var filter) -> filter(filter, evaluate(target, scope), scope);
            case Expression.Test(var target, var name, var arguments) ->
                rendering.test(name, evaluate(target, scope), arguments(arguments, scope));
            case Expression.Conditional conditional -> conditional(conditional, scope);
            case Expression.Not(var operand) -> !Python.truthy(evaluate(operand, scope));
            case Expression.And(var left, var right) -> either(evaluate(left, scope), true, right, scope);
            case Expression.Or(var left, var right) -> either(evaluate(left, scope), false, right, scope);
            case Expression.Sign(var negative, var operand) -> sign(negative, evaluate(operand, scope));
            case Expression.Arithmetic(var operator, var left, var right) ->
                Arithmetic.apply(operator, evaluate(left, scope), evaluate(right, scope), budget);
            case Expression.Comparison comparison -> comparison(comparison, scope);
            case Expression.Concatenation(var parts) -> concatenation(parts, scope);
            case Expression.ListLiteral(var items) -> list(items, scope);
            case Expression.TupleLiteral(var items) -> new Tuple(list(items, scope));
            case Expression.DictLiteral(var keys, var values) -> dict(keys, values, scope);
        };
    }

    boolean isTrue(Expression expression, Scope scope) {
        return Python.truthy(evaluate(expression, scope));
    }

    @Nullable
    Object filter(FilterCall filter, @Nullable Object value, Scope scope) {
        return rendering.filter(filter.name(), value, arguments(filter.arguments(), scope));
    }

    private @Nullable Object optional(@Nullable Expression expression, Scope scope) {
        return expression == null ? null : evaluate(expression, scope);
    }

    private Object slice(Expression.Slice slice, Scope scope) {
        return Attributes.slice(
                evaluate(slice.target(), scope),
                optional(slice.start(), scope),
                optional(slice.stop(), scope),
                optional(slice.step(), scope),
                budget);
    }

    private @Nullable Object conditional(Expression.Conditional conditional, Scope scope) {
        if (isTrue(conditional.condition(), scope)) {
            return evaluate(conditional.then(), scope);
        }
        return conditional.otherwise() == null
                ? Undefined.because("the inline if-expression evaluated to false and no else section was defined.")
                : evaluate(conditional.otherwise(), scope);
    }

    /// `left and right` goes on to `right` where `left` is true, `or` where it is false.
    private @Nullable Object either(@Nullable Object left, boolean goesOn, Expression right, Scope scope) {
        return Python.truthy(left) == goesOn ? evaluate(right, scope) : left;
    }

    private static Object sign(boolean negative, @Nullable Object operand) {
        if (operand instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (operand == null || !Numbers.isNumber(operand)) {
            throw new TemplateException(
                    "bad operand type for unary " + (negative ? "-" : "+") + ": '" + Python.typeName(operand) + "'");
        }
        return negative ? Numbers.negate(operand) : Numbers.add(operand, 0L);
    }

    private Object comparison(Expression.Comparison comparison, Scope scope) {
        var left = evaluate(comparison.first(), scope);
        for (var i = 0; i < comparison.operators().size(); i++) {
            var right = evaluate(comparison.operands().get(i), scope);
            if (!Comparisons.test(comparison.operators().get(i), left, right, budget)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object concatenation(List<Expression> parts, Scope scope) {
        var out = new StringBuilder();
        for (var part : parts) {
            budget.append(out, rendering.str(evaluate(part, scope)));
        }
        return out.toString();
    }

    private List<@Nullable Object> list(List<Expression> items, Scope scope) {
        var result = new ArrayList<@Nullable Object>(items.size());
        for (var item : items) {
            result.add(evaluate(item, scope));
        }
        return result;
    }

    private Object dict(List<Expression> keys, List<Expression> values, Scope scope) {
        var result = new LinkedHashMap<@Nullable Object, @Nullable Object>();
        for (var i = 0; i < keys.size(); i++) {
            Dicts.put(result, evaluate(keys.get(i), scope), evaluate(values.get(i), scope));
        }
        return result;
    }

    Arguments arguments(ArgumentList list, Scope scope) {
        if (list.isEmpty()) {
            return Arguments.NONE;
        }
        var positional = list(list.positional(), scope);
        if (list.spread() != null) {
            positional.addAll(Python.list(evaluate(list.spread(), scope), budget));
        }
        var named = new LinkedHashMap<String, @Nullable Object>();
        list.named().forEach((name, value) -> named.put(name, evaluate(value, scope)));
        if (list.spreadNamed() != null) {
            if (!(evaluate(list.spreadNamed(), scope) instanceof Map<?, ?> map)) {
                throw new TemplateException("argument after ** must be a mapping");
            }
            map.forEach((name, value) -> named.put(Python.text(name, "keywords"), value));
        }
        return new Arguments(positional, named);
    }

    @Nullable
    Object call(@Nullable Object target, Arguments arguments) {
        budget.enter();
        var result = switch (target) {
            case Methods.Bound method -> method.call(arguments, budget);
            case TemplateObject.Function function -> function.call(arguments);
            case Undefined undefined -> throw undefined.used();
            case null, default ->
                throw new TemplateException("'" + Python.typeName(target) + "' object is not callable");
        };
        budget.leave();
        return result;
    }
}
