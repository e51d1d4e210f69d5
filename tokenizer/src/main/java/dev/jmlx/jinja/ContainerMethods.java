package dev.jmlx.jinja;

import dev.jmlx.jinja.Methods.Method;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The reading methods of dicts and lists.
final class ContainerMethods {
    static final Map<String, Method> DICT = Map.of(
            "get", (owner, arguments, _) -> get((Map<?, ?>) owner, arguments),
            "items", (owner, _, budget) -> items((Map<?, ?>) owner, budget),
            "keys", (owner, _, budget) -> keys((Map<?, ?>) owner, budget),
            "values", (owner, _, budget) -> values((Map<?, ?>) owner, budget),
            "copy", (owner, _, budget) -> copy((Map<?, ?>) owner, budget),
            "fromkeys", (_, arguments, budget) -> fromKeys(arguments, budget));

    static final Map<String, Method> LIST = Map.of(
            "index", (owner, arguments, budget) -> index((List<?>) owner, arguments, budget),
            "count", (owner, arguments, budget) -> count((List<?>) owner, arguments, budget),
            "copy", (owner, _, budget) -> Python.list(owner, budget));

    private ContainerMethods() {}

    private static @Nullable Object get(Map<?, ?> map, Arguments arguments) {
        var key = arguments.required(0, "key");
        Dicts.requireHashable(key);
        return Dicts.get(map, key, arguments.value(1, "default", null));
    }

    static DictView items(Map<?, ?> map, Budget budget) {
        budget.spend(map.size());
        var items = new ArrayList<@Nullable Object>(map.size());
        map.forEach((key, value) -> items.add(Tuple.of(key, value)));
        return new DictView("dict_items", items);
    }

    private static DictView keys(Map<?, ?> map, Budget budget) {
        budget.spend(map.size());
        return new DictView("dict_keys", new ArrayList<>(map.keySet()));
    }

    private static DictView values(Map<?, ?> map, Budget budget) {
        budget.spend(map.size());
        return new DictView("dict_values", new ArrayList<>(map.values()));
    }

    private static Map<?, ?> copy(Map<?, ?> map, Budget budget) {
        budget.spend(map.size());
        return new LinkedHashMap<>(map);
    }

    static Map<?, ?> fromKeys(Arguments arguments, Budget budget) {
        var result = new LinkedHashMap<@Nullable Object, @Nullable Object>();
        for (var key : Python.list(arguments.required(0, "iterable"), budget)) {
            Dicts.put(result, key, arguments.value(1, "value", null));
        }
        return result;
    }

    private static Long index(List<?> list, Arguments arguments, Budget budget) {
        var wanted = arguments.required(0, "value");
        for (var i = 0; i < list.size(); i++) {
            if (Comparisons.equal(list.get(i), wanted, budget)) {
                return (long) i;
            }
        }
        throw new TemplateException(PythonRepr.repr(wanted, budget) + " is not in list");
    }

    private static Long count(List<?> list, Arguments arguments, Budget budget) {
        var wanted = arguments.required(0, "value");
        return list.stream()
                .filter(element -> Comparisons.equal(element, wanted, budget))
                .count();
    }
}
