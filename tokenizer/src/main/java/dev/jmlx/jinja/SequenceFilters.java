package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.ArithmeticOperator;
import dev.jmlx.jinja.Filters.Filter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Filters on whole sequences: ends, order, grouping, aggregation.
final class SequenceFilters {
    static final Map<String, Filter> ALL = all();

    private SequenceFilters() {}

    private static Map<String, Filter> all() {
        var filters = new HashMap<String, Filter>();
        filters.put("list", (rendering, value, _) -> Python.list(value, rendering.budget()));
        filters.put("first", SequenceFilters::first);
        filters.put("last", SequenceFilters::last);
        filters.put("join", SequenceFilters::join);
        filters.put("reverse", SequenceFilters::reverse);
        filters.put("sort", SequenceFilters::sort);
        filters.put("unique", SequenceFilters::unique);
        filters.put("min", (rendering, value, arguments) -> extreme(rendering, value, arguments, -1));
        filters.put("max", (rendering, value, arguments) -> extreme(rendering, value, arguments, 1));
        filters.put("sum", SequenceFilters::sum);
        filters.put("batch", SequenceFilters::batch);
        filters.put("slice", SequenceFilters::slice);
        filters.put("groupby", SequenceFilters::group);
        return Map.copyOf(filters);
    }

    private static @Nullable Object first(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var elements = Python.iterator(value);
        return elements.hasNext() ? elements.next() : Undefined.because("No first item, sequence was empty.");
    }

    private static @Nullable Object last(Rendering rendering, @Nullable Object value, Arguments arguments) {
        if (value instanceof TemplateObject.Walkable && !(value instanceof TemplateObject.Sized)) {
            throw new TemplateException("'" + Python.typeName(value) + "' object is not reversible");
        }
        var elements = Python.list(value, rendering.budget());
        return elements.isEmpty() ? Undefined.because("No last item, sequence was empty.") : elements.getLast();
    }

    private static String join(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var separator = rendering.str(arguments.value(0, "d", ""));
        var attribute = arguments.value(1, "attribute", null);
        var out = new StringBuilder();
        var budget = rendering.budget();
        for (var elements = Python.iterator(value); elements.hasNext(); ) {
            budget.step();
            budget.append(out, rendering.str(Sorting.follow(elements.next(), attribute)));
            budget.append(out, elements.hasNext() ? separator : "");
        }
        return out.toString();
    }

    private static Object reverse(Rendering rendering, @Nullable Object value, Arguments arguments) {
        if (Python.isString(value)) {
            return Attributes.slice(value, null, null, -1L, rendering.budget());
        }
        var elements = Python.list(value, rendering.budget());
        Collections.reverse(elements);
        return value instanceof Generator ? elements : new Generator(elements.iterator());
    }

    private static Object sort(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var caseSensitive = arguments.truthy(1, "case_sensitive", false);
        var attribute = arguments.value(2, "attribute", null);
        return Sorting.sort(
                Python.list(value, rendering.budget()),
                item -> Sorting.followAll(item, attribute, caseSensitive),
                arguments.truthy(0, "reverse", false),
                rendering.budget());
    }

    private static Object unique(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var caseSensitive = arguments.truthy(0, "case_sensitive", false);
        var attribute = arguments.value(1, "attribute", null);
        var seen = new HashMap<@Nullable Object, @Nullable Object>();
        var result = new ArrayList<@Nullable Object>();
        for (var item : Python.list(value, rendering.budget())) {
            var key = Sorting.key(Sorting.follow(item, attribute), caseSensitive);
            Dicts.requireHashable(key);
            if (!Dicts.contains(seen, key)) {
                Dicts.put(seen, key, null);
                result.add(item);
            }
        }
        return new Generator(result.iterator());
    }

    /// The smallest (`sign` -1) or largest (1) element; the first of equals.
    private static @Nullable Object extreme(
            Rendering rendering, @Nullable Object value, Arguments arguments, int sign) {
        var caseSensitive = arguments.truthy(0, "case_sensitive", false);
        var attribute = arguments.value(1, "attribute", null);
        var elements = Python.list(value, rendering.budget());
        if (elements.isEmpty()) {
            return Undefined.because("No aggregated item, sequence was empty.");
        }
        var best = elements.getFirst();
        for (var element : elements) {
            var order = Comparisons.order(
                    Sorting.key(Sorting.follow(element, attribute), caseSensitive),
                    Sorting.key(Sorting.follow(best, attribute), caseSensitive),
                    rendering.budget());
            best = order * sign > 0 ? element : best;
        }
        return best;
    }

    private static @Nullable Object sum(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var attribute = arguments.value(0, "attribute", null);
        var total = arguments.value(1, "start", 0L);
        for (var item : Python.list(value, rendering.budget())) {
            total = Arithmetic.apply(
                    ArithmeticOperator.ADD, total, Sorting.follow(item, attribute), rendering.budget());
        }
        return total;
    }

    private static Object batch(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var size = Math.max(1, Numbers.toInt(arguments.required(0, "linecount")));
        var fill = arguments.value(1, "fill_with", null);
        var elements = Python.list(value, rendering.budget());
        var batches = new ArrayList<@Nullable Object>();
        for (var from = 0; from < elements.size(); from += size) {
            var batch = new ArrayList<>(elements.subList(from, (int) Math.min(elements.size(), (long) from + size)));
            rendering.budget().checkSize(fill == null ? 0 : size);
            while (fill != null && batch.size() < size) {
                batch.add(fill);
            }
            batches.add(batch);
        }
        return new Generator(batches.iterator());
    }

    private static Object slice(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var count = Numbers.toInt(arguments.required(0, "slices"));
        var fill = arguments.value(1, "fill_with", null);
        var elements = Python.list(value, rendering.budget());
        if (count <= 0) {
            throw new TemplateException("slice: the number of slices must be positive, not " + count);
        }
        rendering.budget().spend(count);
        var slices = new ArrayList<@Nullable Object>();
        var from = 0;
        for (var i = 0; i < count; i++) {
            var isLonger = i < elements.size() % count;
            var to = from + elements.size() / count + (isLonger ? 1 : 0);
            var slice = new ArrayList<>(elements.subList(from, to));
            if (fill != null && !isLonger) {
                slice.add(fill);
            }
            slices.add(slice);
            from = to;
        }
        return new Generator(slices.iterator());
    }

    private static Object group(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var attribute = arguments.required(0, "attribute");
        var fallback = arguments.value(1, "default", null);
        var caseSensitive = arguments.truthy(2, "case_sensitive", false);
        var keyed = new ArrayList<@Nullable Object>();
        for (var item : Python.list(value, rendering.budget())) {
            keyed.add(Tuple.of(Sorting.follow(item, attribute, fallback), item));
        }
        var sorted = Sorting.sort(
                keyed, pair -> Sorting.key(((List<?>) pair).get(0), caseSensitive), false, rendering.budget());
        var groups = new ArrayList<@Nullable Object>();
        var members = new ArrayList<@Nullable Object>();
        @Nullable Object current = null;
        for (var element : sorted) {
            var pair = (List<?>) element;
            var key = pair.get(0);
            var isNew = members.isEmpty()
                    || !Comparisons.equal(
                            Sorting.key(current, caseSensitive), Sorting.key(key, caseSensitive), rendering.budget());
            if (isNew) {
                members = new ArrayList<>();
                current = key;
                groups.add(new Tuple(List.of("grouper", "list"), Arrays.asList(key, members)));
            }
            members.add(pair.get(1));
        }
        return groups;
    }
}
