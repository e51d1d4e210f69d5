package dev.jmlx.jinja;

import dev.jmlx.jinja.Methods.Method;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The methods of `str`. On [Markup] their arguments are escaped and their results are Markup again.
final class StringMethods {
    static final Map<String, Method> ALL = all();

    private interface TextMethod {
        @Nullable
        Object call(String text, Arguments arguments, Budget budget);
    }

    private StringMethods() {}

    private static Map<String, Method> all() {
        var methods = new HashMap<String, TextMethod>();
        addTrimming(methods);
        addCases(methods);
        addSearching(methods);
        addSplitting(methods);
        addLayout(methods);
        var result = new HashMap<String, Method>();
        methods.forEach((name, method) -> result.put(
                name,
                (owner, arguments, budget) -> owner instanceof Markup markup
                        ? marked(method.call(markup.text(), escaped(arguments), budget))
                        : method.call((String) owner, arguments, budget)));
        return Map.copyOf(result);
    }

    private static void addTrimming(Map<String, TextMethod> methods) {
        methods.put(
                "strip",
                (text, arguments, _) -> trim(
                        text, arguments, Text::strip, (t, chars) -> Text.stripStart(Text.stripEnd(t, chars), chars)));
        methods.put("lstrip", (text, arguments, _) -> trim(text, arguments, Text::stripStart, Text::stripStart));
        methods.put("rstrip", (text, arguments, _) -> trim(text, arguments, Text::stripEnd, Text::stripEnd));
        methods.put("removeprefix", (text, arguments, _) -> {
            var prefix = arguments.text(0, "prefix");
            return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
        });
        methods.put("removesuffix", (text, arguments, _) -> {
            var suffix = arguments.text(0, "suffix");
            return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
        });
    }

    private static String trim(
            String text, Arguments arguments, UnaryOperator<String> blanks, BinaryOperator<String> characters) {
        var chars = arguments.value(0, "chars", null);
        return chars == null ? blanks.apply(text) : characters.apply(text, Python.text(chars, "strip arg"));
    }

    private static void addCases(Map<String, TextMethod> methods) {
        change(methods, "upper", StringCases::upper);
        change(methods, "lower", StringCases::lower);
        change(methods, "casefold", StringCases::fold);
        change(methods, "title", StringCases::title);
        change(methods, "capitalize", StringCases::capitalize);
        change(methods, "swapcase", StringCases::swap);
        ask(methods, "isdigit", text -> StringCases.all(text, Character::isDigit));
        ask(methods, "isdecimal", text -> StringCases.all(text, Character::isDigit));
        ask(methods, "isnumeric", text -> StringCases.all(text, StringCases::isNumeric));
        ask(methods, "isalpha", text -> StringCases.all(text, Character::isLetter));
        ask(methods, "isalnum", text -> StringCases.all(text, c -> Character.isLetter(c) || StringCases.isNumeric(c)));
        ask(methods, "isspace", text -> StringCases.all(text, Text::isSpace));
        ask(methods, "isascii", text -> text.chars().allMatch(c -> c < 128));
        ask(methods, "isprintable", text -> text.codePoints().allMatch(PythonRepr::isPrintable));
        ask(methods, "isupper", StringCases::isUpper);
        ask(methods, "islower", StringCases::isLower);
    }

    private static void change(Map<String, TextMethod> methods, String name, UnaryOperator<String> change) {
        methods.put(name, (text, _, _) -> change.apply(text));
    }

    private static void ask(Map<String, TextMethod> methods, String name, Predicate<String> question) {
        methods.put(name, (text, _, _) -> question.test(text));
    }

    private static void addSearching(Map<String, TextMethod> methods) {
        methods.put("startswith", (text, arguments, _) -> StringSearch.hasAffix(text, arguments, String::startsWith));
        methods.put("endswith", (text, arguments, _) -> StringSearch.hasAffix(text, arguments, String::endsWith));
        methods.put("find", (text, arguments, _) -> StringSearch.find(text, arguments, false));
        methods.put("rfind", (text, arguments, _) -> StringSearch.find(text, arguments, true));
        methods.put("index", (text, arguments, _) -> StringSearch.index(text, arguments, false));
        methods.put("rindex", (text, arguments, _) -> StringSearch.index(text, arguments, true));
        methods.put("count", (text, arguments, _) -> StringSearch.count(text, arguments));
        methods.put(
                "replace",
                (text, arguments, budget) -> StringSearch.replace(
                        text,
                        arguments.text(0, "old"),
                        arguments.text(1, "new"),
                        arguments.integer(2, "count", -1),
                        budget));
    }

    private static void addSplitting(Map<String, TextMethod> methods) {
        methods.put("split", (text, arguments, budget) -> StringSplits.split(text, arguments, budget));
        methods.put("rsplit", (text, arguments, budget) -> StringSplits.splitFromEnd(text, arguments, budget));
        methods.put("splitlines", (text, arguments, _) -> StringSplits.lines(text, arguments));
        methods.put("partition", (text, arguments, _) -> StringSplits.partition(text, arguments, false));
        methods.put("rpartition", (text, arguments, _) -> StringSplits.partition(text, arguments, true));
        methods.put(
                "join",
                (text, arguments, budget) ->
                        StringSplits.join(text, Python.list(arguments.required(0, "iterable"), budget), budget));
    }

    private static void addLayout(Map<String, TextMethod> methods) {
        methods.put("ljust", (text, arguments, budget) -> pad(text, arguments, '<', budget));
        methods.put("rjust", (text, arguments, budget) -> pad(text, arguments, '>', budget));
        methods.put("center", (text, arguments, budget) -> pad(text, arguments, '^', budget));
        methods.put("zfill", (text, arguments, budget) -> {
            var signed = text.startsWith("-") || text.startsWith("+");
            var width = arguments.integer(0, "width", 0) - (signed ? 1 : 0);
            return (signed ? text.substring(0, 1) : "")
                    + justify(signed ? text.substring(1) : text, width, "0", '>', budget);
        });
        methods.put("format", (text, arguments, budget) -> BraceFormat.format(text, arguments, budget));
    }

    private static String pad(String text, Arguments arguments, char alignment, Budget budget) {
        var width = Numbers.toInt(arguments.required(0, "width"));
        return justify(text, width, arguments.text(1, "fillchar", " "), alignment, budget);
    }

    static String justify(String text, int width, String fill, char alignment, Budget budget) {
        budget.checkSize(width);
        var missing = Math.max(0, width - Text.length(text));
        // Where the fill is uneven, Python centers an even width to the right and an odd one to the left.
        var before = alignment == '>' ? missing : alignment == '<' ? 0 : missing / 2 + (missing & width & 1);
        return fill.repeat(before) + text + fill.repeat(missing - before);
    }

    private static Arguments escaped(Arguments arguments) {
        var positional = new ArrayList<@Nullable Object>();
        arguments.positional().forEach(value -> positional.add(escaped(value)));
        var named = new LinkedHashMap<String, @Nullable Object>();
        arguments.named().forEach((name, value) -> named.put(name, escaped(value)));
        return new Arguments(positional, named);
    }

    private static @Nullable Object escaped(@Nullable Object value) {
        return switch (value) {
            case String text -> Text.escapeHtml(text);
            case List<?> list -> {
                var result = new ArrayList<@Nullable Object>();
                list.forEach(element -> result.add(escaped(element)));
                yield value instanceof Tuple ? new Tuple(result) : result;
            }
            case null, default -> value;
        };
    }

    private static @Nullable Object marked(@Nullable Object value) {
        return switch (value) {
            case String text -> new Markup(text);
            case List<?> list -> {
                var result = new ArrayList<@Nullable Object>();
                list.forEach(element -> result.add(marked(element)));
                yield value instanceof Tuple ? new Tuple(result) : result;
            }
            case null, default -> value;
        };
    }
}
