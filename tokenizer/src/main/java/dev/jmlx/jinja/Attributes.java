package dev.jmlx.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `a.b`, `a[b]` and `a[b:c]`, as the immutable sandbox answers them: methods that would change a list
/// or dict give an [Undefined] that fails when it is called.
final class Attributes {
    private Attributes() {}

    static @Nullable Object attribute(@Nullable Object owner, String name) {
        var direct = direct(owner, name);
        if (direct != null) {
            return direct;
        }
        if (owner instanceof Map<?, ?> map && Dicts.contains(map, name)) {
            return Dicts.get(map, name, null);
        }
        return owner instanceof TemplateObject object ? object.attribute(name) : Undefined.member(owner, name);
    }

    /// Methods and the like, that win over dict keys with dots and lose against them with brackets.
    private static @Nullable Object direct(@Nullable Object owner, String name) {
        if (owner instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (owner instanceof Tuple tuple && tuple.fields().contains(name)) {
            return tuple.get(tuple.fields().indexOf(name));
        }
        if (Methods.isUnsafe(owner, name)) {
            return Undefined.unsafe(owner, name);
        }
        return Methods.find(owner, name);
    }

    static @Nullable Object item(@Nullable Object owner, @Nullable Object key) {
        if (owner instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (owner instanceof Map<?, ?> map && Dicts.contains(map, key)) {
            return Dicts.get(map, key, null);
        }
        if (Numbers.isInteger(key)) {
            return indexed(owner, Numbers.toInt(key), key);
        }
        if (Python.isString(key)) {
            var name = Python.text(key, "key");
            var direct = direct(owner, name);
            if (direct != null) {
                return direct;
            }
            return owner instanceof TemplateObject object ? object.attribute(name) : Undefined.member(owner, name);
        }
        return Undefined.member(owner, key);
    }

    private static @Nullable Object indexed(@Nullable Object owner, int index, @Nullable Object key) {
        if (!(Python.isString(owner) || owner instanceof List || owner instanceof Range)) {
            return Undefined.member(owner, key);
        }
        var length = (int) Python.length(owner);
        var position = index < 0 ? index + length : index;
        if (position < 0 || position >= length) {
            return Undefined.member(owner, key);
        }
        return switch (owner) {
            case List<?> list -> list.get(position);
            case Range range -> range.at(position);
            case Markup markup -> new Markup(Text.at(markup.text(), position));
            case null, default -> Text.at(Python.text(owner, ""), position);
        };
    }

    static Object slice(
            @Nullable Object owner,
            @Nullable Object start,
            @Nullable Object stop,
            @Nullable Object step,
            Budget budget) {
        if (owner instanceof Undefined undefined) {
            throw undefined.used();
        }
        if (!(Python.isString(owner) || owner instanceof List || owner instanceof Range)) {
            throw new TemplateException("'" + Python.typeName(owner) + "' object is not subscriptable");
        }
        var indices = SliceIndices.of((int) Python.length(owner), start, stop, step);
        budget.spend(indices.count());
        return switch (owner) {
            case String text -> slice(text, indices);
            case Markup markup -> new Markup(slice(markup.text(), indices));
            case Tuple tuple -> new Tuple(slice(tuple, indices));
            case List<?> list -> slice(list, indices);
            case null, default -> slice(Python.list(owner, budget), indices);
        };
    }

    private static String slice(String text, SliceIndices indices) {
        if (indices.step() == 1) {
            return Text.substring(text, indices.first(), indices.first() + indices.count());
        }
        var codePoints = text.codePoints().toArray();
        var out = new StringBuilder();
        for (var i = 0; i < indices.count(); i++) {
            out.appendCodePoint(codePoints[indices.at(i)]);
        }
        return out.toString();
    }

    private static List<@Nullable Object> slice(List<?> list, SliceIndices indices) {
        var result = new ArrayList<@Nullable Object>(indices.count());
        for (var i = 0; i < indices.count(); i++) {
            result.add(list.get(indices.at(i)));
        }
        return result;
    }

    /// The positions that a slice selects, counted from `first` in steps of `step`.
    private record SliceIndices(int first, int step, int count) {
        static SliceIndices of(int length, @Nullable Object start, @Nullable Object stop, @Nullable Object step) {
            var stride = step == null ? 1 : Numbers.toInt(step);
            if (stride == 0) {
                throw new TemplateException("slice step cannot be zero");
            }
            var forward = stride > 0;
            var lowest = forward ? 0 : -1;
            var highest = forward ? length : length - 1;
            var from = start == null ? (forward ? lowest : highest) : clamp(start, length, lowest, highest);
            var to = stop == null ? (forward ? highest : lowest) : clamp(stop, length, lowest, highest);
            var distance = forward ? (long) to - from : (long) from - to;
            var count = distance <= 0 ? 0 : (distance - 1) / Math.abs((long) stride) + 1;
            return new SliceIndices(from, stride, (int) count);
        }

        private static int clamp(Object bound, int length, int lowest, int highest) {
            var index = Numbers.toInt(bound);
            var position = index < 0 ? (long) index + length : index;
            return (int) Math.max(lowest, Math.min(highest, position));
        }

        int at(int index) {
            return first + index * step;
        }
    }
}
