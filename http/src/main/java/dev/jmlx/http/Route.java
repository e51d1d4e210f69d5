package dev.jmlx.http;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// One entry of the [Router]. `pattern`: path segments, `{name}` matches any one. `open`: needs no API key.
/// Immutable.
public record Route(String method, List<String> pattern, boolean open, Handler handler) {

    /// A route that needs the API key when one is configured.
    public static Route of(String method, String path, Handler handler) {
        return new Route(method, segments(path), false, handler);
    }

    /// A route that everybody may use.
    public static Route open(String method, String path, Handler handler) {
        return new Route(method, segments(path), true, handler);
    }

    /// The values of the `{name}` segments, when the path fits.
    Optional<Map<String, String>> match(List<String> path) {
        if (path.size() != pattern.size()) {
            return Optional.empty();
        }
        var parameters = new HashMap<String, String>();
        for (var i = 0; i < path.size(); i++) {
            var expected = pattern.get(i);
            if (expected.startsWith("{")) {
                parameters.put(expected.substring(1, expected.length() - 1), path.get(i));
            } else if (!expected.equals(path.get(i))) {
                return Optional.empty();
            }
        }
        return Optional.of(parameters);
    }

    private static List<String> segments(String path) {
        return path.equals("/") ? List.of() : List.of(path.substring(1).split("/", -1));
    }
}
