package dev.jmlx.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Copies a caller's values into the types that [Python] lists.
final class ContextValues {
    private ContextValues() {}

    static Map<String, @Nullable Object> convert(Map<String, ? extends @Nullable Object> context) {
        var result = new LinkedHashMap<String, @Nullable Object>();
        context.forEach((name, value) -> result.put(name, convert(value)));
        return result;
    }

    private static @Nullable Object convert(@Nullable Object value) {
        return switch (value) {
            case null -> null;
            case String _, Boolean _, Long _, Double _ -> value;
            case Integer number -> number.longValue();
            case Short number -> number.longValue();
            case Byte number -> number.longValue();
            case BigInteger number -> Numbers.normal(number);
            case Float number -> number.doubleValue();
            case BigDecimal number -> number.doubleValue();
            case CharSequence text -> text.toString();
            case List<?> list -> {
                var copy = new ArrayList<@Nullable Object>(list.size());
                list.forEach(element -> copy.add(convert(element)));
                yield copy;
            }
            case Map<?, ?> map -> {
                var copy = new LinkedHashMap<@Nullable Object, @Nullable Object>(map.size() * 2);
                map.forEach((key, element) -> copy.put(convert(key), convert(element)));
                yield copy;
            }
            default ->
                throw new TemplateException("a template's context cannot hold a "
                        + value.getClass().getName() + "; give strings, numbers, booleans, lists and maps");
        };
    }
}
