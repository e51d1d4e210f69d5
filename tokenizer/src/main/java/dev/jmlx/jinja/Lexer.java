package dev.jmlx.jinja;

import dev.jmlx.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// Cuts a template into data and tags, and applies white-space control.
///
/// Behaves like Jinja with `trim_blocks` (a line end after a block tag goes), `lstrip_blocks`
/// (indentation before a block tag goes), and without `keep_trailing_newline`. The inside of tags is
/// left to [TagLexer]. Used once per template by [Parser].
final class Lexer {
    private static final Pattern LINE_END = Pattern.compile("\r\n|\r");
    private static final Pattern RAW_BEGIN = Pattern.compile("\\{%[-+]?\\s*raw\\s*(-%\\}\\s*|%\\})");
    private static final Pattern RAW_END = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*(?:\\+%\\}|-%\\}\\s*|%\\}\\n?)");

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int position;

    private Lexer(String source) {
        this.source = source;
    }

    /// The source with `\n` line ends and without its last line end, as token offsets count it.
    static String normalize(String source) {
        var text = LINE_END.matcher(source).replaceAll("\n");
        return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    }

    /// `source` must be normalized. The last token is [Kind#END].
    static List<Token> tokenize(String source) {
        var lexer = new Lexer(source);
        lexer.run();
        return lexer.tokens;
    }

    static TemplateException error(String source, int offset, String problem) {
        var line = 1
                + source.substring(0, Math.min(offset, source.length()))
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
        return new TemplateException("template line " + line + ": " + problem);
    }

    private void run() {
        for (var tag = nextTag(); tag >= 0; tag = nextTag()) {
            var kind = source.charAt(tag + 1);
            var sign = tag + 2 < source.length() ? source.charAt(tag + 2) : ' ';
            data(position, tag, sign, kind != '{');
            var inside = tag + (sign == '-' || sign == '+' ? 3 : 2);
            switch (kind) {
                case '#' -> comment(inside);
                case '%' -> block(tag, inside);
                default -> tag(tag, inside, Kind.VARIABLE_BEGIN, Kind.VARIABLE_END);
            }
        }
        data(position, source.length(), '+', false);
        tokens.add(new Token(Kind.END, "", source.length()));
    }

    private int nextTag() {
        for (var i = source.indexOf('{', position); i >= 0 && i + 1 < source.length(); i = source.indexOf('{', i + 1)) {
            var next = source.charAt(i + 1);
            if (next == '%' || next == '{' || next == '#') {
                return i;
            }
        }
        return -1;
    }

    private void data(int from, int to, char sign, boolean isBlock) {
        var text = source.substring(from, to);
        if (sign == '-') {
            text = Text.stripEnd(text);
        } else if (sign != '+' && isBlock) {
            var lineStart = text.lastIndexOf('\n') + 1;
            var startsLine = lineStart > 0 || from == 0 || source.charAt(from - 1) == '\n';
            if (startsLine && Text.isBlank(text.substring(lineStart))) {
                text = text.substring(0, lineStart);
            }
        }
        if (!text.isEmpty()) {
            tokens.add(new Token(Kind.DATA, text, from));
        }
    }

    private void comment(int inside) {
        var end = source.indexOf("#}", inside);
        if (end < 0) {
            throw error(source, inside, "Missing end of comment tag");
        }
        var sign = end > inside ? source.charAt(end - 1) : ' ';
        skipTagEnd(end + 2, sign, true);
    }

    private void block(int tag, int inside) {
        var raw = RAW_BEGIN.matcher(source).region(tag, source.length());
        if (!raw.lookingAt()) {
            tag(tag, inside, Kind.BLOCK_BEGIN, Kind.BLOCK_END);
            return;
        }
        var end = RAW_END.matcher(source);
        if (!end.find(raw.end())) {
            throw error(source, tag, "Missing end of raw directive");
        }
        var sign = end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0);
        data(raw.end(), end.start(), sign, true);
        position = end.end();
    }

    private void tag(int tag, int inside, Kind begin, Kind end) {
        tokens.add(new Token(begin, source.substring(tag, tag + 2), tag));
        var closing = new TagLexer(source, inside, end == Kind.BLOCK_END ? "%}" : "}}", tokens).run();
        var sign = source.charAt(closing);
        var after = closing + (sign == '-' || sign == '+' ? 3 : 2);
        tokens.add(new Token(end, source.substring(closing, after), closing));
        skipTagEnd(after, sign, end == Kind.BLOCK_END);
    }

    /// Continues after a tag that ends at `after`: `-` eats white space, a plain block end one line end.
    private void skipTagEnd(int after, char sign, boolean isBlock) {
        position = after;
        if (sign == '-') {
            while (position < source.length() && Text.isSpace(source.charAt(position))) {
                position++;
            }
        } else if (sign != '+' && isBlock && position < source.length() && source.charAt(position) == '\n') {
            position++;
        }
    }
}
