package dev.jmlx.jinja;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// `'{} {name!r:>8}'.format(...)`: Python's `str.format`.
final class BraceFormat {
    private static final Pattern FIELD = Pattern.compile(
            "([^.\\[\\]{}!:]*)((?:\\.[^.\\[!:]+|\\[[^\\]]+\\])*)(?:!([rsa]))?(?::(.*))?", Pattern.DOTALL);
    private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\[([^\\]]+)\\]");

    private final Arguments arguments;
    private final Budget budget;
    private int nextIndex;

    private BraceFormat(Arguments arguments, Budget budget) {
        this.arguments = arguments;
        this.budget = budget;
    }

    static String format(String pattern, Arguments arguments, Budget budget) {
        return new BraceFormat(arguments, budget).run(pattern);
    }

    private String run(String pattern) {
        var out = new StringBuilder();
        for (var i = 0; i < pattern.length(); i++) {
            var c = pattern.charAt(i);
            var doubled = i + 1 < pattern.length() && pattern.charAt(i + 1) == c;
            if (c != '{' && c != '}') {
                out.append(c);
            } else if (doubled) {
                out.append(c);
                i++;
            } else if (c == '}') {
                throw new TemplateException("Single '}' encountered in format string");
            } else {
                var end = closing(pattern, i);
                budget.append(out, field(pattern.substring(i + 1, end)));
                i = end;
            }
        }
        return out.toString();
    }

    private static int closing(String pattern, int open) {
        var depth = 0;
        for (var i = open; i < pattern.length(); i++) {
            if (pattern.charAt(i) == '{') {
                depth++;
            } else if (pattern.charAt(i) == '}' && --depth == 0) {
                return i;
            }
        }
        throw new TemplateException("Single '{' encountered in format string");
    }

    private String field(String field) {
        var found = FIELD.matcher(field);
        if (!found.matches()) {
            throw new TemplateException("Invalid replacement field '" + field + "' in format string");
        }
        var value = argument(found.group(1));
        for (var steps = STEP.matcher(found.group(2)); steps.find(); ) {
            value = steps.group(1) != null
                    ? Attributes.attribute(value, steps.group(1))
                    : Attributes.item(value, key(steps.group(2)));
        }
        if (value instanceof Undefined undefined && !found.group(2).isEmpty()) {
            throw undefined.used();
        }
        if (found.group(3) != null) {
            value = found.group(3).equals("s") ? PythonRepr.str(value, budget) : PythonRepr.repr(value, budget);
        }
        if (found.group(4) == null || found.group(4).isEmpty()) {
            return PythonRepr.str(value, budget);
        }
        return FormatSpec.parse(found.group(4).contains("{") ? run(found.group(4)) : found.group(4))
                .apply(value, budget);
    }

    private static Object key(String text) {
        return text.chars().allMatch(c -> c >= '0' && c <= '9') && text.length() < 10
                ? (Object) Long.valueOf(text)
                : text;
    }

    private @Nullable Object argument(String name) {
        var isIndex = name.chars().allMatch(c -> c >= '0' && c <= '9') && name.length() < 10;
        if (!isIndex) {
            if (!arguments.named().containsKey(name)) {
                throw new TemplateException("KeyError: '" + name + "'");
            }
            return arguments.named().get(name);
        }
        var index = name.isEmpty() ? nextIndex++ : Integer.parseInt(name);
        if (index >= arguments.positional().size()) {
            throw new TemplateException("Replacement index " + index + " out of range for positional args tuple");
        }
        return arguments.positional().get(index);
    }
}
