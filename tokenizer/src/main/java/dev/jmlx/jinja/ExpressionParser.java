package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArithmeticOperator;
import dev.jmlx.jinja.Expression.ComparisonOperator;
import dev.jmlx.jinja.Expression.Conditional;
import dev.jmlx.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Operators of the expression grammar, lowest precedence first: `if else`, `or`, `and`, `not`,
/// comparisons, `+ -`, `~`, `* / // %`, `**`, signs. What binds tighter is [PrimaryParser]'s.
final class ExpressionParser {
    private static final Map<String, ComparisonOperator> COMPARISONS = Map.of(
            "==", ComparisonOperator.EQUAL,
            "!=", ComparisonOperator.NOT_EQUAL,
            "<", ComparisonOperator.LESS,
            "<=", ComparisonOperator.LESS_OR_EQUAL,
            ">", ComparisonOperator.GREATER,
            ">=", ComparisonOperator.GREATER_OR_EQUAL);
    private static final Map<String, ArithmeticOperator> TERMS =
            Map.of("+", ArithmeticOperator.ADD, "-", ArithmeticOperator.SUBTRACT);
    private static final Map<String, ArithmeticOperator> FACTORS = Map.of(
            "*", ArithmeticOperator.MULTIPLY,
            "/", ArithmeticOperator.DIVIDE,
            "//", ArithmeticOperator.FLOOR_DIVIDE,
            "%", ArithmeticOperator.MODULO);

    private final TokenStream tokens;
    private final PrimaryParser primaries;
    private final Set<String> namesRead = new HashSet<>();
    private final int maxDepth;
    private int depth;

    ExpressionParser(TokenStream tokens, int maxDepth) {
        this.tokens = tokens;
        this.primaries = new PrimaryParser(tokens, this);
        this.maxDepth = maxDepth;
    }

    /// Every variable name that was read so far.
    Set<String> namesRead() {
        return namesRead;
    }

    Expression parse() {
        if (++depth > maxDepth) {
            throw tokens.error("nested deeper than " + maxDepth + " levels");
        }
        var result = conditional(true);
        depth--;
        return result;
    }

    /// As [#parse], but stops before `if`: the iterable of `for x in y if z`.
    Expression parseWithoutCondition() {
        return conditional(false);
    }

    /// One expression, or several with commas between them as a tuple; empty tuples only where `mayBeEmpty`.
    Expression parseTuple(boolean mayBeEmpty, boolean withCondition) {
        var items = new ArrayList<Expression>();
        var isTuple = false;
        while (!atTupleEnd()) {
            items.add(withCondition ? parse() : parseWithoutCondition());
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        }
        if (items.isEmpty() && !mayBeEmpty) {
            throw tokens.error(
                    "Expected an expression, got '" + tokens.current().description() + "'");
        }
        return isTuple || items.isEmpty() ? new Expression.TupleLiteral(items) : items.getFirst();
    }

    private boolean atTupleEnd() {
        return tokens.at(Kind.VARIABLE_END)
                || tokens.at(Kind.BLOCK_END)
                || tokens.at(Kind.END)
                || tokens.atOperator(")");
    }

    private Expression conditional(boolean withCondition) {
        var result = or();
        while (withCondition && tokens.skipName("if")) {
            var condition = or();
            @Nullable Expression otherwise = tokens.skipName("else") ? parse() : null;
            result = new Conditional(condition, result, otherwise);
        }
        return result;
    }

    private Expression or() {
        var left = and();
        while (tokens.skipName("or")) {
            left = new Expression.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        var left = not();
        while (tokens.skipName("and")) {
            left = new Expression.And(left, not());
        }
        return left;
    }

    private Expression not() {
        var count = 0;
        while (tokens.skipName("not")) {
            count++;
        }
        var result = comparison();
        for (var i = 0; i < count; i++) {
            result = new Expression.Not(result);
        }
        return result;
    }

    private Expression comparison() {
        var first = terms();
        var operators = new ArrayList<ComparisonOperator>();
        var operands = new ArrayList<Expression>();
        for (var operator = comparisonOperator(); operator != null; operator = comparisonOperator()) {
            operators.add(operator);
            operands.add(terms());
        }
        return operators.isEmpty() ? first : new Expression.Comparison(first, operators, operands);
    }

    private @Nullable ComparisonOperator comparisonOperator() {
        var token = tokens.current();
        if (token.kind() == Kind.OPERATOR && COMPARISONS.containsKey(token.text())) {
            return COMPARISONS.get(tokens.take().text());
        }
        if (tokens.skipName("in")) {
            return ComparisonOperator.IN;
        }
        if (token.isName("not") && tokens.following().isName("in")) {
            tokens.take();
            tokens.take();
            return ComparisonOperator.NOT_IN;
        }
        return null;
    }

    private Expression terms() {
        var left = concatenation();
        for (var operator = arithmetic(TERMS); operator != null; operator = arithmetic(TERMS)) {
            left = new Expression.Arithmetic(operator, left, concatenation());
        }
        return left;
    }

    private Expression concatenation() {
        var parts = new ArrayList<>(List.of(factors()));
        while (tokens.skipOperator("~")) {
            parts.add(factors());
        }
        return parts.size() == 1 ? parts.getFirst() : new Expression.Concatenation(parts);
    }

    private Expression factors() {
        var left = power();
        for (var operator = arithmetic(FACTORS); operator != null; operator = arithmetic(FACTORS)) {
            left = new Expression.Arithmetic(operator, left, power());
        }
        return left;
    }

    private @Nullable ArithmeticOperator arithmetic(Map<String, ArithmeticOperator> choices) {
        var token = tokens.current();
        return token.kind() == Kind.OPERATOR && choices.containsKey(token.text())
                ? choices.get(tokens.take().text())
                : null;
    }

    private Expression power() {
        var left = signed(true);
        while (tokens.skipOperator("**")) {
            left = new Expression.Arithmetic(ArithmeticOperator.POWER, left, signed(true));
        }
        return left;
    }

    private Expression signed(boolean withFilters) {
        Expression result;
        if (tokens.atOperator("-") || tokens.atOperator("+")) {
            if (++depth > maxDepth) {
                throw tokens.error("nested deeper than " + maxDepth + " levels");
            }
            result = new Expression.Sign(tokens.take().isOperator("-"), signed(false));
            depth--;
        } else {
            result = primaries.primary();
        }
        result = primaries.postfix(result);
        return withFilters ? primaries.filters(result) : result;
    }
}
