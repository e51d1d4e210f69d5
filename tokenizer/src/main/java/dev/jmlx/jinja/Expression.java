package dev.jmlx.jinja;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What stands inside `{{ }}` and tags. Immutable; made by [ExpressionParser], evaluated by [Evaluator].
sealed interface Expression {
    record Literal(@Nullable Object value) implements Expression {}

    record Name(String name) implements Expression {}

    record ListLiteral(List<Expression> items) implements Expression {}

    record TupleLiteral(List<Expression> items) implements Expression {}

    record DictLiteral(List<Expression> keys, List<Expression> values) implements Expression {}

    record Attribute(Expression target, String name) implements Expression {}

    record Item(Expression target, Expression key) implements Expression {}

    record Slice(
            Expression target,
            @Nullable Expression start,
            @Nullable Expression stop,
            @Nullable Expression step) implements Expression {}

    record Call(Expression target, ArgumentList arguments) implements Expression {}

    record Filter(Expression target, FilterCall filter) implements Expression {}

    record Test(Expression target, String name, ArgumentList arguments) implements Expression {}

    record Conditional(
            Expression condition, Expression then, @Nullable Expression otherwise) implements Expression {}

    record Not(Expression operand) implements Expression {}

    record And(Expression left, Expression right) implements Expression {}

    record Or(Expression left, Expression right) implements Expression {}

    record Sign(boolean negative, Expression operand) implements Expression {}

    record Arithmetic(ArithmeticOperator operator, Expression left, Expression right) implements Expression {}

    /// `a < b <= c`: every operand is evaluated at most once.
    record Comparison(Expression first, List<ComparisonOperator> operators, List<Expression> operands)
            implements Expression {}

    record Concatenation(List<Expression> parts) implements Expression {}

    record FilterCall(String name, ArgumentList arguments) {}

    /// The arguments of a call as they are written; `spread` is `*list`, `spreadNamed` is `**dict`.
    record ArgumentList(
            List<Expression> positional,
            Map<String, Expression> named,
            @Nullable Expression spread,
            @Nullable Expression spreadNamed) {
        static final ArgumentList NONE = new ArgumentList(List.of(), Map.of(), null, null);

        boolean isEmpty() {
            return positional.isEmpty() && named.isEmpty() && spread == null && spreadNamed == null;
        }
    }

    enum ArithmeticOperator {
        ADD("+"),
        SUBTRACT("-"),
        MULTIPLY("*"),
        DIVIDE("/"),
        FLOOR_DIVIDE("//"),
        MODULO("%"),
        POWER("** or pow()");

        private final String symbol;

        ArithmeticOperator(String symbol) {
            this.symbol = symbol;
        }

        String symbol() {
            return symbol;
        }
    }

    enum ComparisonOperator {
        EQUAL,
        NOT_EQUAL,
        LESS,
        LESS_OR_EQUAL,
        GREATER,
        GREATER_OR_EQUAL,
        IN,
        NOT_IN
    }
}
