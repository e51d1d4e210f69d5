package dev.jmlx.jinja;

import dev.jmlx.jinja.Filters.Filter;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Filters from text to text. Markup stays Markup where the reference keeps it.
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern TITLE_BREAK = Pattern.compile("[-\\s({\\[<]", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern TAG = Pattern.compile("(?s)<!--.*?-->|<[^>]*>");

    static final Map<String, Filter> ALL = all();

    private TextFilters() {}

    private static Map<String, Filter> all() {
        var filters = new HashMap<String, Filter>();
        change(filters, "upper", StringCases::upper);
        change(filters, "lower", StringCases::lower);
        change(filters, "capitalize", StringCases::capitalize);
        change(filters, "title", TextFilters::title);
        filters.put("trim", TextFilters::trim);
        filters.put("string", (rendering, value, _) -> value instanceof Markup ? value : rendering.str(value));
        filters.put(
                "safe", (rendering, value, _) -> value instanceof Markup ? value : new Markup(rendering.str(value)));
        filters.put("e", TextFilters::escape);
        filters.put("escape", TextFilters::escape);
        filters.put("forceescape", (rendering, value, _) -> Markup.escape(rendering.str(value)));
        filters.put("replace", TextFilters::replace);
        filters.put("indent", TextFilters::indent);
        filters.put("center", TextFilters::center);
        filters.put("format", TextFilters::format);
        filters.put(
                "wordcount",
                (rendering, value, _) ->
                        WORD.matcher(rendering.str(value)).results().count());
        filters.put("truncate", TextFilters::truncate);
        filters.put("urlencode", (rendering, value, _) -> urlEncode(rendering.str(value)));
        filters.put("striptags", (rendering, value, _) -> stripTags(rendering.str(value)));
        return Map.copyOf(filters);
    }

    private static void change(Map<String, Filter> filters, String name, UnaryOperator<String> change) {
        filters.put(name, (rendering, value, _) -> like(value, change.apply(rendering.str(value))));
    }

    private static Object like(@Nullable Object original, String text) {
        return original instanceof Markup ? new Markup(text) : text;
    }

    private static Object trim(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var chars = arguments.value(0, "chars", null);
        var text = rendering.str(value);
        return like(value, chars == null ? Text.strip(text) : stripAll(text, Python.text(chars, "chars")));
    }

    private static Object escape(Rendering rendering, @Nullable Object value, Arguments arguments) {
        return value instanceof Markup ? value : Markup.escape(rendering.str(value));
    }

    private static Object center(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var width = arguments.integer(0, "width", 80);
        return like(value, StringMethods.justify(rendering.str(value), width, " ", '^', rendering.budget()));
    }

    private static String stripAll(String text, String chars) {
        return Text.stripStart(Text.stripEnd(text, chars), chars);
    }

    /// Unlike `str.title`, starts words only after white space, `-` and opening brackets.
    private static String title(String text) {
        var out = new StringBuilder();
        var startsWord = true;
        for (var c : text.codePoints().toArray()) {
            var letter = Character.toString(c);
            out.append(startsWord ? StringCases.upper(letter) : StringCases.lower(letter));
            startsWord = TITLE_BREAK.matcher(letter).matches();
        }
        return out.toString();
    }

    private static String replace(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var count = arguments.value(2, "count", null);
        return StringSearch.replace(
                rendering.str(value),
                rendering.str(arguments.required(0, "old")),
                rendering.str(arguments.required(1, "new")),
                count == null ? -1 : Numbers.toInt(count),
                rendering.budget());
    }

    private static Object indent(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var width = arguments.value(0, "width", 4L);
        var indention = Python.isString(width) ? Python.text(width, "width") : spaces(width, rendering.budget());
        var blank = arguments.truthy(2, "blank", false);
        var lines = StringSplits.lines(Python.text(value, "value to indent") + "\n", Arguments.NONE);
        var out = new StringBuilder();
        for (var i = 0; i < lines.size(); i++) {
            var line = (String) lines.get(i);
            var indented = i == 0 ? arguments.truthy(1, "first", false) : blank || !line.isEmpty();
            rendering.budget().append(out, (i == 0 ? "" : "\n") + (indented ? indention : "") + line);
        }
        return like(value, out.toString());
    }

    private static String spaces(@Nullable Object width, Budget budget) {
        var count = Math.max(0, Numbers.toInt(width));
        budget.checkSize(count);
        return " ".repeat(count);
    }

    private static Object format(Rendering rendering, @Nullable Object value, Arguments arguments) {
        if (!arguments.named().isEmpty() && !arguments.positional().isEmpty()) {
            throw new TemplateException("can't handle positional and keyword arguments at the same time");
        }
        var values = arguments.named().isEmpty() ? new Tuple(arguments.positional()) : arguments.named();
        return PercentFormat.format(value instanceof Markup ? value : rendering.str(value), values, rendering.budget());
    }

    private static @Nullable Object truncate(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var length = arguments.integer(0, "length", 255);
        var killWords = arguments.truthy(1, "killwords", false);
        var end = arguments.text(2, "end", "...");
        var leeway = arguments.integer(3, "leeway", 5);
        if (Python.length(value) <= (long) length + leeway) {
            return value;
        }
        var text = Python.text(value, "value to truncate");
        var room = length - Text.length(end);
        if (room < 0) {
            throw new TemplateException("expected length >= " + Text.length(end) + ", got " + length);
        }
        var cut = Text.substring(text, 0, room);
        var lastSpace = cut.lastIndexOf(' ');
        return like(value, (killWords || lastSpace < 0 ? cut : cut.substring(0, lastSpace)) + end);
    }

    private static String urlEncode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~")
                .replace("%2F", "/");
    }

    private static String stripTags(String text) {
        var plain = String.join(" ", TAG.matcher(text).replaceAll("").trim().split("\\s+"));
        return plain.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&#39;", "'")
                .replace("&#34;", "\"")
                .replace("&quot;", "\"")
                .replace("&amp;", "&");
    }
}
