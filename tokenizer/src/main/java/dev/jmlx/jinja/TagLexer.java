package dev.jmlx.jinja;

import dev.jmlx.jinja.Token.Kind;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;

/// Cuts the inside of one tag into names, literals and operators, for [Lexer].
final class TagLexer {
    private static final Pattern NUMBER = Pattern.compile(
            "(?<float>(?<!\\.)(?:\\d+_)*\\d+(?:(?:\\.(?:\\d+_)*\\d+)?[eE][+-]?(?:\\d+_)*\\d+|\\.(?:\\d+_)*\\d+))"
                    + "|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|[1-9](?:_?\\d)*|0(?:_?0)*");
    private static final Pattern NAME = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final List<String> OPERATORS = List.of(
            "**", "//", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<",
            "=", ".", ":", "|", ",", ";");

    private final String source;
    private final String closing;
    private final List<Token> tokens;
    private final Deque<Character> brackets = new ArrayDeque<>();
    private int position;

    TagLexer(String source, int start, String closing, List<Token> tokens) {
        this.source = source;
        this.position = start;
        this.closing = closing;
        this.tokens = tokens;
    }

    /// Where the tag's end starts, its `-` or `+` sign included.
    int run() {
        while (position < source.length()) {
            if (brackets.isEmpty() && atEnd()) {
                return position;
            }
            var c = source.charAt(position);
            if (Text.isSpace(c)) {
                position++;
            } else if (c == '\'' || c == '"') {
                string(c);
            } else if (!number() && !name()) {
                operator();
            }
        }
        throw Lexer.error(
                source, source.length(), "Unexpected end of template inside a tag, '" + closing + "' is missing");
    }

    private boolean atEnd() {
        var c = source.charAt(position);
        var signed = c == '-' || (c == '+' && closing.equals("%}"));
        return source.startsWith(closing, signed ? position + 1 : position);
    }

    private void string(char quote) {
        for (var i = position + 1; i < source.length(); i++) {
            if (source.charAt(i) == '\\') {
                i++;
            } else if (source.charAt(i) == quote) {
                var body = source.substring(position + 1, i);
                tokens.add(new Token(Kind.STRING, StringLiteral.unescape(body), position));
                position = i + 1;
                return;
            }
        }
        throw Lexer.error(source, position, "unexpected char \"" + quote + "\" at " + position);
    }

    private boolean number() {
        var matcher = NUMBER.matcher(source).region(position, source.length()).useTransparentBounds(true);
        if (!matcher.lookingAt()) {
            return false;
        }
        add(matcher.group("float") == null ? Kind.INTEGER : Kind.FLOAT, matcher.group());
        return true;
    }

    private boolean name() {
        var matcher = NAME.matcher(source).region(position, source.length());
        if (!matcher.lookingAt()) {
            return false;
        }
        add(Kind.NAME, matcher.group());
        return true;
    }

    private void operator() {
        for (var operator : OPERATORS) {
            if (source.startsWith(operator, position)) {
                balance(operator.charAt(0));
                add(Kind.OPERATOR, operator);
                return;
            }
        }
        throw Lexer.error(source, position, "unexpected char '" + source.charAt(position) + "' at " + position);
    }

    private void balance(char c) {
        switch (c) {
            case '(' -> brackets.push(')');
            case '[' -> brackets.push(']');
            case '{' -> brackets.push('}');
            case ')', ']', '}' -> {
                if (brackets.isEmpty() || brackets.pop() != c) {
                    throw Lexer.error(source, position, "unexpected '" + c + "'");
                }
            }
            default -> {}
        }
    }

    private void add(Kind kind, String text) {
        tokens.add(new Token(kind, text, position));
        position += text.length();
    }
}
