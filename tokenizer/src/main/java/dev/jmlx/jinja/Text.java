package dev.jmlx.jinja;

import java.util.ArrayList;
import java.util.List;

/// Strings as Python sees them: indexed by code point, with Python's idea of white space.
final class Text {
    private Text() {}

    static boolean isSpace(int codePoint) {
        return (codePoint >= '\t' && codePoint <= '\r')
                || (codePoint >= 0x1c && codePoint <= ' ')
                || codePoint == 0x85
                || codePoint == 0xa0
                || (codePoint > 0xff && (Character.isSpaceChar(codePoint) || Character.isWhitespace(codePoint)));
    }

    static boolean isBlank(String text) {
        return text.chars().allMatch(Text::isSpace);
    }

    static String strip(String text) {
        return stripStart(stripEnd(text));
    }

    static String stripStart(String text) {
        var start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    static String stripEnd(String text) {
        var end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /// Drops leading characters that occur in `chars`.
    static String stripStart(String text, String chars) {
        var start = 0;
        while (start < text.length() && chars.indexOf(text.codePointAt(start)) >= 0) {
            start += Character.charCount(text.codePointAt(start));
        }
        return text.substring(start);
    }

    /// Drops trailing characters that occur in `chars`.
    static String stripEnd(String text, String chars) {
        var end = text.length();
        while (end > 0 && chars.indexOf(text.codePointBefore(end)) >= 0) {
            end -= Character.charCount(text.codePointBefore(end));
        }
        return text.substring(0, end);
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    static boolean isBmp(String text) {
        return length(text) == text.length();
    }

    /// The code point at `index`, which must be inside.
    static String at(String text, int index) {
        var start = text.offsetByCodePoints(0, index);
        return text.substring(start, text.offsetByCodePoints(start, 1));
    }

    static String substring(String text, int from, int to) {
        if (isBmp(text)) {
            return text.substring(from, to);
        }
        var start = text.offsetByCodePoints(0, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    /// The UTF-16 offset as a count of code points; -1 stays -1.
    static long codePointIndex(String text, int offset) {
        return offset < 0 ? -1 : text.codePointCount(0, offset);
    }

    static List<Object> characters(String text) {
        var result = new ArrayList<Object>(text.length());
        text.codePoints().forEach(codePoint -> result.add(Character.toString(codePoint)));
        return result;
    }

    /// Orders by code point, as Python does; `String.compareTo` orders by UTF-16 unit.
    static int compare(String left, String right) {
        var shared = Math.min(left.length(), right.length());
        for (var i = 0; i < shared; i++) {
            var a = left.charAt(i);
            var b = right.charAt(i);
            if (a != b) {
                var bothHigh = a >= Character.MIN_SURROGATE && b >= Character.MIN_SURROGATE;
                return bothHigh && Character.isSurrogate(a) != Character.isSurrogate(b)
                        ? (Character.isSurrogate(a) ? 1 : -1)
                        : Character.compare(a, b);
            }
        }
        return Integer.compare(left.length(), right.length());
    }

    static String escapeHtml(String text) {
        return text.replace("&", "&amp;")
                .replace(">", "&gt;")
                .replace("<", "&lt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }
}
