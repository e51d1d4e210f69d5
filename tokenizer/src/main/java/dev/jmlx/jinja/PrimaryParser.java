package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArgumentList;
import dev.jmlx.jinja.Expression.FilterCall;
import dev.jmlx.jinja.Expression.Literal;
import dev.jmlx.jinja.Token.Kind;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Literals, names and what may follow them: attributes, items, calls, filters, tests.
final class PrimaryParser {
    private static final Set<Kind> TEST_ARGUMENT_KINDS = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);
    private static final Set<String> TEST_ARGUMENT_BRACKETS = Set.of("(", "[", "{");
    private static final Set<String> AFTER_TEST = Set.of("else", "or", "and");

    private final TokenStream tokens;
    private final ExpressionParser expressions;

    PrimaryParser(TokenStream tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    Expression primary() {
        var token = tokens.current();
        return switch (token.kind()) {
            case NAME -> name(tokens.take().text());
            case STRING -> string();
            case INTEGER -> new Literal(integer(tokens.take().text()));
            case FLOAT -> new Literal(Double.valueOf(tokens.take().text().replace("_", "")));
            case OPERATOR -> bracketed();
            case DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, END -> throw unexpected();
        };
    }

    private TemplateException unexpected() {
        return tokens.error("Expected an expression, got '" + tokens.current().description() + "'");
    }

    private Expression name(String name) {
        return switch (name) {
            case "true", "True" -> new Literal(true);
            case "false", "False" -> new Literal(false);
            case "none", "None" -> new Literal(null);
            default -> {
                expressions.namesRead().add(name);
                yield new Expression.Name(name);
            }
        };
    }

    private Expression string() {
        var text = new StringBuilder(tokens.take().text());
        while (tokens.at(Kind.STRING)) {
            text.append(tokens.take().text());
        }
        return new Literal(text.toString());
    }

    private static Object integer(String text) {
        var digits = text.replace("_", "").toLowerCase(Locale.ROOT);
        var radix = digits.startsWith("0x") ? 16 : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
        return Numbers.normal(new BigInteger(radix == 10 ? digits : digits.substring(2), radix));
    }

    private Expression bracketed() {
        if (tokens.skipOperator("(")) {
            var inside = expressions.parseTuple(true, true);
            tokens.expectOperator(")");
            return inside;
        }
        if (tokens.skipOperator("[")) {
            return new Expression.ListLiteral(until("]"));
        }
        if (tokens.skipOperator("{")) {
            return dict();
        }
        throw unexpected();
    }

    private List<Expression> until(String closing) {
        var items = new ArrayList<Expression>();
        while (!tokens.skipOperator(closing)) {
            if (!items.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator(closing)) {
                    break;
                }
            }
            items.add(expressions.parse());
        }
        return items;
    }

    private Expression dict() {
        var keys = new ArrayList<Expression>();
        var values = new ArrayList<Expression>();
        while (!tokens.skipOperator("}")) {
            if (!keys.isEmpty()) {
                tokens.expectOperator(",");
                if (tokens.skipOperator("}")) {
                    break;
                }
            }
            keys.add(expressions.parse());
            tokens.expectOperator(":");
            values.add(expressions.parse());
        }
        return new Expression.DictLiteral(keys, values);
    }

    /// Attributes, items and calls behind `target`.
    Expression postfix(Expression target) {
        var result = target;
        while (true) {
            if (tokens.skipOperator(".")) {
                result = attribute(result);
            } else if (tokens.skipOperator("[")) {
                result = subscript(result);
            } else if (tokens.atOperator("(")) {
                result = new Expression.Call(result, arguments());
            } else {
                return result;
            }
        }
    }

    private Expression attribute(Expression target) {
        if (tokens.at(Kind.INTEGER)) {
            return new Expression.Item(target, new Literal(integer(tokens.take().text())));
        }
        return new Expression.Attribute(
                target, tokens.expect(Kind.NAME, "name or number").text());
    }

    private Expression subscript(Expression target) {
        var start = tokens.atOperator(":") ? null : expressions.parse();
        if (start != null && !tokens.atOperator(":")) {
            tokens.expectOperator("]");
            return new Expression.Item(target, start);
        }
        tokens.expectOperator(":");
        var stop = atSliceEnd() ? null : expressions.parse();
        @Nullable Expression step = null;
        if (tokens.skipOperator(":") && !atSliceEnd()) {
            step = expressions.parse();
        }
        tokens.expectOperator("]");
        return new Expression.Slice(target, start, stop, step);
    }

    private boolean atSliceEnd() {
        return tokens.atOperator(":") || tokens.atOperator("]");
    }

    /// Filters, tests and calls of their results.
    Expression filters(Expression target) {
        var result = target;
        while (true) {
            if (tokens.skipOperator("|")) {
                result = new Expression.Filter(result, filterCall());
            } else if (tokens.skipName("is")) {
                result = test(result);
            } else if (tokens.atOperator("(")) {
                result = new Expression.Call(result, arguments());
            } else {
                return result;
            }
        }
    }

    FilterCall filterCall() {
        var name = dottedName();
        return new FilterCall(name, tokens.atOperator("(") ? arguments() : ArgumentList.NONE);
    }

    private String dottedName() {
        var name = new StringBuilder(tokens.expect(Kind.NAME, "a name").text());
        while (tokens.skipOperator(".")) {
            name.append('.').append(tokens.expect(Kind.NAME, "a name").text());
        }
        return name.toString();
    }

    private Expression test(Expression target) {
        var negated = tokens.skipName("not");
        var name = dottedName();
        var arguments = ArgumentList.NONE;
        if (tokens.atOperator("(")) {
            arguments = arguments();
        } else if (atTestArgument()) {
            arguments = new ArgumentList(List.of(postfix(primary())), ArgumentList.NONE.named(), null, null);
        }
        var result = new Expression.Test(target, name, arguments);
        return negated ? new Expression.Not(result) : result;
    }

    private boolean atTestArgument() {
        var token = tokens.current();
        if (token.isName("is")) {
            throw tokens.error("You cannot chain multiple tests with is");
        }
        if (token.kind() == Kind.OPERATOR) {
            return TEST_ARGUMENT_BRACKETS.contains(token.text());
        }
        return TEST_ARGUMENT_KINDS.contains(token.kind())
                && !(token.kind() == Kind.NAME && AFTER_TEST.contains(token.text()));
    }

    private ArgumentList arguments() {
        tokens.expectOperator("(");
        var positional = new ArrayList<Expression>();
        var named = new LinkedHashMap<String, Expression>();
        @Nullable Expression spread = null;
        @Nullable Expression spreadNamed = null;
        while (!tokens.skipOperator(")")) {
            if (tokens.skipOperator("**")) {
                spreadNamed = expressions.parse();
            } else if (tokens.skipOperator("*")) {
                spread = expressions.parse();
            } else {
                argument(positional, named);
            }
            if (!tokens.atOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return new ArgumentList(positional, named, spread, spreadNamed);
    }

    private void argument(List<Expression> positional, Map<String, Expression> named) {
        if (tokens.at(Kind.NAME) && tokens.following().isOperator("=")) {
            var name = tokens.take().text();
            tokens.expectOperator("=");
            named.put(name, expressions.parse());
        } else if (named.isEmpty()) {
            positional.add(expressions.parse());
        } else {
            throw tokens.error("invalid syntax for function call expression");
        }
    }
}
