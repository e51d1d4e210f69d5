package dev.jmlx.jinja;

import dev.jmlx.jinja.Token.Kind;
import java.util.List;

/// The tokens of a template with a reading position, shared by [Parser] and [ExpressionParser].
final class TokenStream {
    private final String source;
    private final List<Token> tokens;
    private int position;

    TokenStream(String source) {
        this.source = source;
        this.tokens = Lexer.tokenize(source);
    }

    Token current() {
        return tokens.get(position);
    }

    Token following() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    Token take() {
        var token = current();
        if (token.kind() != Kind.END) {
            position++;
        }
        return token;
    }

    boolean atName(String name) {
        return current().isName(name);
    }

    boolean atOperator(String operator) {
        return current().isOperator(operator);
    }

    boolean at(Kind kind) {
        return current().kind() == kind;
    }

    boolean skipName(String name) {
        var found = atName(name);
        if (found) {
            position++;
        }
        return found;
    }

    boolean skipOperator(String operator) {
        var found = atOperator(operator);
        if (found) {
            position++;
        }
        return found;
    }

    Token expect(Kind kind, String what) {
        if (!at(kind)) {
            throw error("expected " + what + ", got '" + current().description() + "'");
        }
        return take();
    }

    void expectOperator(String operator) {
        if (!skipOperator(operator)) {
            throw error("expected '" + operator + "', got '" + current().description() + "'");
        }
    }

    TemplateException error(String problem) {
        return Lexer.error(source, current().offset(), problem);
    }
}
