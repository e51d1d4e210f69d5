package dev.jmlx.jinja;

import dev.jmlx.jinja.Filters.Filter;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// `map`, `select`, `reject` and their `attr` forms: lazy, as in the reference, so that what is never
/// walked never fails.
final class SelectFilters {
    static final Map<String, Filter> ALL = Map.of(
            "map", SelectFilters::map,
            "select", (rendering, value, arguments) -> select(rendering, value, arguments, false, true),
            "reject", (rendering, value, arguments) -> select(rendering, value, arguments, false, false),
            "selectattr", (rendering, value, arguments) -> select(rendering, value, arguments, true, true),
            "rejectattr", (rendering, value, arguments) -> select(rendering, value, arguments, true, false));

    private SelectFilters() {}

    private static Object map(Rendering rendering, @Nullable Object value, Arguments arguments) {
        var change = mapping(rendering, arguments);
        return new Generator(new Lazy(rendering.budget(), value, _ -> true, change));
    }

    private static UnaryOperator<@Nullable Object> mapping(Rendering rendering, Arguments arguments) {
        if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
            var path = arguments.named().get("attribute");
            var fallback = arguments.named().get("default");
            return item -> Sorting.follow(item, path, fallback);
        }
        var name = arguments.text(0, "filter");
        return item -> rendering.filter(name, item, arguments.skip(1));
    }

    private static Object select(
            Rendering rendering, @Nullable Object value, Arguments arguments, boolean byAttribute, boolean wanted) {
        var used = byAttribute ? 1 : 0;
        Predicate<@Nullable Object> test = item -> Python.truthy(item);
        if (arguments.positional().size() > used) {
            var name = arguments.text(used, "test");
            test = item -> rendering.test(name, item, arguments.skip(used + 1));
        }
        var decides = test;
        @Nullable Object path = byAttribute ? arguments.required(0, "attribute") : null;
        return new Generator(new Lazy(
                rendering.budget(), value, item -> decides.test(Sorting.follow(item, path)) == wanted, item -> item));
    }

    /// Walks `source` on demand; a false value counts as empty, even None.
    private static final class Lazy implements Iterator<@Nullable Object> {
        private final Budget budget;
        private final @Nullable Object source;
        private final Predicate<@Nullable Object> keeps;
        private final UnaryOperator<@Nullable Object> change;
        private @Nullable Iterator<@Nullable Object> elements;
        private boolean isReady;
        private @Nullable Object ready;

        Lazy(
                Budget budget,
                @Nullable Object source,
                Predicate<@Nullable Object> keeps,
                UnaryOperator<@Nullable Object> change) {
            this.budget = budget;
            this.source = source;
            this.keeps = keeps;
            this.change = change;
        }

        @Override
        public boolean hasNext() {
            if (elements == null) {
                elements = Python.iterator(Python.truthy(source) ? source : "");
            }
            while (!isReady && elements.hasNext()) {
                budget.step();
                var candidate = elements.next();
                if (keeps.test(candidate)) {
                    ready = change.apply(candidate);
                    isReady = true;
                }
            }
            return isReady;
        }

        @Override
        public @Nullable Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            isReady = false;
            return ready;
        }
    }
}
