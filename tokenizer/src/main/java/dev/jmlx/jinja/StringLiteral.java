package dev.jmlx.jinja;

/// Resolves the backslash escapes of a string literal, as Python's `unicode-escape` does.
final class StringLiteral {
    private final String body;
    private final StringBuilder out = new StringBuilder();
    private int position;

    private StringLiteral(String body) {
        this.body = body;
    }

    /// `body` is the text between the quotes.
    static String unescape(String body) {
        return body.indexOf('\\') < 0 ? body : new StringLiteral(body).run();
    }

    private String run() {
        while (position < body.length()) {
            var c = body.charAt(position++);
            if (c == '\\' && position < body.length()) {
                escape(body.charAt(position++));
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private void escape(char c) {
        switch (c) {
            case '\n' -> {}
            case '\\', '\'', '"' -> out.append(c);
            case 'a' -> out.append('\u0007');
            case 'b' -> out.append('\b');
            case 'f' -> out.append('\f');
            case 'n' -> out.append('\n');
            case 'r' -> out.append('\r');
            case 't' -> out.append('\t');
            case 'v' -> out.append('\u000b');
            case 'x' -> hex(2);
            case 'u' -> hex(4);
            case 'U' -> hex(8);
            case '0', '1', '2', '3', '4', '5', '6', '7' -> octal();
            default -> out.append('\\').append(c);
        }
    }

    private void hex(int digits) {
        var end = position + digits;
        try {
            if (end > body.length()) {
                throw new NumberFormatException();
            }
            out.appendCodePoint(Integer.parseUnsignedInt(body.substring(position, end), 16));
        } catch (IllegalArgumentException _) {
            throw new TemplateException(
                    "string literal: an escape needs " + digits + " hexadecimal digits of a character");
        }
        position = end;
    }

    private void octal() {
        position--;
        var value = 0;
        for (var i = 0; i < 3 && position < body.length(); i++) {
            var digit = Character.digit(body.charAt(position), 8);
            if (digit < 0) {
                break;
            }
            value = value * 8 + digit;
            position++;
        }
        out.append((char) value);
    }
}
