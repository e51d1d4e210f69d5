package dev.jmlx.jinja;

import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/// Finding and replacing within Python strings; positions count code points.
final class StringSearch {
    /// The part of a string between the optional arguments `start` and `end`.
    private record Window(String text, int offset) {
        static Window of(String text, Arguments arguments) {
            var start = arguments.value(1, "start", null);
            var end = arguments.value(2, "end", null);
            if (start == null && end == null) {
                return new Window(text, 0);
            }
            var length = Text.length(text);
            var from = bound(start, 0, length);
            return new Window(Text.substring(text, from, Math.max(from, bound(end, length, length))), from);
        }

        private static int bound(@Nullable Object value, int fallback, int length) {
            var index = value == null ? fallback : Numbers.toInt(value);
            return (int) Math.max(0, Math.min(length, index < 0 ? (long) index + length : index));
        }
    }

    private StringSearch() {}

    /// `startswith` and `endswith`: one affix or a tuple of them.
    static boolean hasAffix(String text, Arguments arguments, BiPredicate<String, String> test) {
        var window = Window.of(text, arguments).text();
        return switch (arguments.required(0, "affix")) {
            case Tuple tuple -> tuple.stream().anyMatch(affix -> test.test(window, Python.text(affix, "affix")));
            case String affix -> test.test(window, affix);
            case Markup affix -> test.test(window, affix.text());
            case null, default ->
                throw new TemplateException("startswith and endswith need a str or a tuple of str, not "
                        + Python.typeName(arguments.required(0, "affix")));
        };
    }

    static long find(String text, Arguments arguments, boolean last) {
        var window = Window.of(text, arguments);
        var wanted = arguments.text(0, "sub");
        var at = last ? window.text().lastIndexOf(wanted) : window.text().indexOf(wanted);
        return at < 0 ? -1 : window.offset() + Text.codePointIndex(window.text(), at);
    }

    static long index(String text, Arguments arguments, boolean last) {
        var found = find(text, arguments, last);
        if (found < 0) {
            throw new TemplateException("substring not found");
        }
        return found;
    }

    static long count(String text, Arguments arguments) {
        var window = Window.of(text, arguments).text();
        var wanted = arguments.text(0, "sub");
        if (wanted.isEmpty()) {
            return Text.length(window) + 1L;
        }
        var count = 0L;
        for (var at = window.indexOf(wanted); at >= 0; at = window.indexOf(wanted, at + wanted.length())) {
            count++;
        }
        return count;
    }

    /// At most `count` replacements, or all where it is negative.
    static String replace(String text, String old, String replacement, int count, Budget budget) {
        if (old.isEmpty()) {
            return interleave(text, replacement, count, budget);
        }
        var out = new StringBuilder();
        var from = 0;
        for (var at = text.indexOf(old); at >= 0 && count != 0; at = text.indexOf(old, from)) {
            budget.append(out, text.substring(from, at));
            budget.append(out, replacement);
            from = at + old.length();
            count--;
        }
        return out.isEmpty() && from == 0
                ? text
                : out.append(text, from, text.length()).toString();
    }

    private static String interleave(String text, String replacement, int count, Budget budget) {
        var out = new StringBuilder();
        for (var letter : text.codePoints().toArray()) {
            budget.append(out, count == 0 ? "" : replacement);
            count = Math.max(-1, count == 0 ? 0 : count - 1);
            out.appendCodePoint(letter);
        }
        budget.append(out, count == 0 ? "" : replacement);
        return out.toString();
    }
}
