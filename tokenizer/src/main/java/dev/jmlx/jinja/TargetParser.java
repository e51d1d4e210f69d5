package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.FilterCall;
import dev.jmlx.jinja.Node.Target;
import dev.jmlx.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;

/// Assignment targets and macro signatures, for [Parser].
final class TargetParser {
    /// `defaults` belong to the last of the `parameters`.
    record Signature(List<String> parameters, List<Expression> defaults) {
        static final Signature EMPTY = new Signature(List.of(), List.of());
    }

    private final TokenStream tokens;
    private final ExpressionParser expressions;

    TargetParser(TokenStream tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    /// The loop variables of `for`.
    Target forTarget() {
        return targets("in");
    }

    /// What `set` assigns to: names, or one attribute of a namespace.
    Target assignmentTarget() {
        if (tokens.at(Kind.NAME) && tokens.following().isOperator(".")) {
            var name = tokens.take().text();
            tokens.expectOperator(".");
            return new Node.AttributeTarget(
                    name, tokens.expect(Kind.NAME, "an attribute name").text());
        }
        return targets("=");
    }

    private Target targets(String end) {
        var found = new ArrayList<Target>();
        var isTuple = false;
        do {
            found.add(target());
            if (!tokens.skipOperator(",")) {
                break;
            }
            isTuple = true;
        } while (!tokens.current().text().equals(end) && !tokens.atOperator(")"));
        return isTuple ? new Node.TupleTarget(List.copyOf(found)) : found.getFirst();
    }

    private Target target() {
        if (tokens.skipOperator("(")) {
            var inside = targets(")");
            tokens.expectOperator(")");
            return inside;
        }
        return new Node.NameTarget(tokens.expect(Kind.NAME, "a variable name").text());
    }

    Signature signature() {
        tokens.expectOperator("(");
        var parameters = new ArrayList<String>();
        var defaults = new ArrayList<Expression>();
        while (!tokens.skipOperator(")")) {
            if (!parameters.isEmpty()) {
                tokens.expectOperator(",");
            }
            parameters.add(tokens.expect(Kind.NAME, "a parameter name").text());
            if (tokens.skipOperator("=")) {
                defaults.add(expressions.parse());
            } else if (!defaults.isEmpty()) {
                throw tokens.error("non-default argument follows default argument");
            }
        }
        return new Signature(List.copyOf(parameters), List.copyOf(defaults));
    }

    FilterCall filterCall() {
        return new PrimaryParser(tokens, expressions).filterCall();
    }
}
