package dev.jmlx.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Taking Python strings apart and joining them.
final class StringSplits {
    private static final String LINE_ENDS = "\n\r\u000b\f\u001c\u001d\u001e\u0085\u2028\u2029";

    private StringSplits() {}

    static List<Object> split(String text, Arguments arguments, Budget budget) {
        var separator = arguments.value(0, "sep", null);
        var limit = arguments.integer(1, "maxsplit", -1);
        budget.spend(text.length());
        return separator == null ? words(text, limit) : split(text, nonEmpty(separator), limit);
    }

    private static List<Object> split(String text, String separator, int limit) {
        var parts = new ArrayList<Object>();
        var from = 0;
        for (var at = text.indexOf(separator); at >= 0 && parts.size() != limit; at = text.indexOf(separator, from)) {
            parts.add(text.substring(from, at));
            from = at + separator.length();
        }
        parts.add(text.substring(from));
        return parts;
    }

    private static List<Object> words(String text, int limit) {
        var parts = new ArrayList<Object>();
        var rest = Text.stripStart(text);
        while (!rest.isEmpty()) {
            var end = 0;
            while (end < rest.length() && !Text.isSpace(rest.charAt(end))) {
                end++;
            }
            if (parts.size() == limit) {
                parts.add(Text.stripEnd(rest));
                break;
            }
            parts.add(rest.substring(0, end));
            rest = Text.stripStart(rest.substring(end));
        }
        return parts;
    }

    static List<Object> splitFromEnd(String text, Arguments arguments, Budget budget) {
        var limit = arguments.integer(1, "maxsplit", -1);
        var separator = arguments.value(0, "sep", null);
        if (limit < 0) {
            return split(text, arguments, budget);
        }
        budget.spend(text.length());
        var parts = new ArrayList<Object>();
        var rest = separator == null ? Text.stripEnd(text) : text;
        while (parts.size() < limit) {
            var at = separator == null ? lastBlank(rest) : rest.lastIndexOf(nonEmpty(separator));
            if (at < 0) {
                break;
            }
            var width = separator == null ? 1 : Python.text(separator, "sep").length();
            parts.add(rest.substring(at + width));
            rest = separator == null ? Text.stripEnd(rest.substring(0, at)) : rest.substring(0, at);
        }
        if (separator != null || !rest.isEmpty()) {
            parts.add(separator == null ? Text.stripStart(rest) : rest);
        }
        Collections.reverse(parts);
        return parts;
    }

    private static int lastBlank(String text) {
        var at = text.length() - 1;
        while (at >= 0 && !Text.isSpace(text.charAt(at))) {
            at--;
        }
        return at;
    }

    private static String nonEmpty(@Nullable Object separator) {
        var text = Python.text(separator, "sep");
        if (text.isEmpty()) {
            throw new TemplateException("empty separator");
        }
        return text;
    }

    static List<Object> lines(String text, Arguments arguments) {
        var keepEnds = arguments.truthy(0, "keepends", false);
        var lines = new ArrayList<Object>();
        var from = 0;
        for (var i = 0; i < text.length(); i++) {
            if (LINE_ENDS.indexOf(text.charAt(i)) >= 0) {
                var after = text.startsWith("\r\n", i) ? i + 2 : i + 1;
                lines.add(text.substring(from, keepEnds ? after : i));
                from = after;
                i = after - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    static Tuple partition(String text, Arguments arguments, boolean last) {
        var separator = nonEmpty(arguments.required(0, "sep"));
        var at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }

    /// `separator.join(items)`: every item must be a string.
    static String join(String separator, List<@Nullable Object> items, Budget budget) {
        var out = new StringBuilder();
        for (var i = 0; i < items.size(); i++) {
            if (!Python.isString(items.get(i))) {
                throw new TemplateException(
                        "sequence item " + i + ": expected str instance, " + Python.typeName(items.get(i)) + " found");
            }
            budget.append(out, i == 0 ? "" : separator);
            budget.append(out, Python.text(items.get(i), "item"));
        }
        return out.toString();
    }
}
