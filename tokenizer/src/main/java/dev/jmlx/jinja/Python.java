package dev.jmlx.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Python's object protocol over Java values: type names, truth, length, iteration.
///
/// Values are `String`, [Markup], `Long`, `BigInteger` (only beyond `Long`), `Double`, `Boolean`,
/// `List`, [Tuple], `Map`, null for None, [Undefined], and [TemplateObject]s.
final class Python {
    private Python() {}

    static String typeName(@Nullable Object value) {
        return switch (value) {
            case null -> "NoneType";
            case String _ -> "str";
            case Markup _ -> "Markup";
            case Boolean _ -> "bool";
            case Long _ -> "int";
            case BigInteger _ -> "int";
            case Double _ -> "float";
            case Undefined _ -> "Undefined";
            case Tuple _ -> "tuple";
            case List<?> _ -> "list";
            case Map<?, ?> _ -> "dict";
            case TemplateObject object -> object.typeName();
            default -> value.getClass().getSimpleName();
        };
    }

    static boolean truthy(@Nullable Object value) {
        return switch (value) {
            case null -> false;
            case Boolean flag -> flag;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text().isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case Undefined _ -> false;
            case List<?> list -> !list.isEmpty();
            case Map<?, ?> map -> !map.isEmpty();
            case TemplateObject.Sized sized -> sized.size() > 0;
            default -> true;
        };
    }

    static boolean isString(@Nullable Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /// The characters of a string value; fails for anything else, naming it `what`.
    static String text(@Nullable Object value, String what) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined undefined -> throw undefined.used();
            case null, default -> throw new TemplateException(what + " must be str, not " + typeName(value));
        };
    }

    static boolean hasLength(@Nullable Object value) {
        return isString(value)
                || value instanceof List
                || value instanceof Map
                || value instanceof Undefined
                || value instanceof TemplateObject.Sized;
    }

    static long length(@Nullable Object value) {
        return switch (value) {
            case String text -> Text.length(text);
            case Markup markup -> Text.length(markup.text());
            case Undefined _ -> 0;
            case List<?> list -> list.size();
            case Map<?, ?> map -> map.size();
            case TemplateObject.Sized sized -> sized.size();
            case LoopContext loop -> loop.length();
            case null, default -> throw new TemplateException("object of type '" + typeName(value) + "' has no len()");
        };
    }

    static boolean isIterable(@Nullable Object value) {
        return hasLength(value) || value instanceof TemplateObject.Walkable;
    }

    /// Walks what Python's `iter` would; fails for what is not iterable.
    static Iterator<@Nullable Object> iterator(@Nullable Object value) {
        return switch (value) {
            case String text -> Text.characters(text).iterator();
            case Markup markup -> Text.characters(markup.text()).iterator();
            case Undefined _ -> Collections.emptyIterator();
            case List<?> list -> untyped(list.iterator());
            case Map<?, ?> map -> untyped(map.keySet().iterator());
            case TemplateObject.Walkable walkable -> walkable.iterator();
            case null, default -> throw new TemplateException("'" + typeName(value) + "' object is not iterable");
        };
    }

    @SuppressWarnings("unchecked") // an iterator only hands out, so one of anything is one of Object
    private static Iterator<@Nullable Object> untyped(Iterator<?> iterator) {
        return (Iterator<@Nullable Object>) iterator;
    }

    /// A fresh list of the elements.
    static List<@Nullable Object> list(@Nullable Object value, Budget budget) {
        var result = new ArrayList<@Nullable Object>();
        for (var elements = iterator(value); elements.hasNext(); ) {
            budget.step();
            result.add(elements.next());
        }
        return result;
    }
}
