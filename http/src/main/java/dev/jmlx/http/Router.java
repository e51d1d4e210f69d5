package dev.jmlx.http;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// Finds the handler for a request: the only list of what the server answers. Immutable, any thread.
public final class Router {
    private final List<Route> routes;

    public Router(List<Route> routes) {
        this.routes = List.copyOf(routes);
    }

    /// A route for method and path.
    record Match(Route route, Map<String, String> parameters) {}

    /// Throws [ApiException]: 404 when no route has this path, 405 with `allow` when the method does not fit.
    Match find(Request request) {
        for (var route : routes) {
            var parameters = route.match(request.segments());
            if (parameters.isPresent() && route.method().equals(request.method())) {
                return new Match(route, parameters.get());
            }
        }
        var allowed = allowed(request);
        throw new ApiException(
                ErrorType.METHOD_NOT_ALLOWED,
                request.method() + " is not allowed for " + request.path() + "; use " + allowed,
                Map.of("allow", allowed));
    }

    /// The route for GET on this path, where it needs no key.
    Optional<Match> openGet(Request request) {
        for (var route : routes) {
            var parameters = route.match(request.segments());
            if (parameters.isPresent() && route.open() && route.method().equals("GET")) {
                return Optional.of(new Match(route, parameters.get()));
            }
        }
        return Optional.empty();
    }

    /// The methods of this path, for an `allow` header. Throws [ApiException] 404 when no route has this path.
    String allowed(Request request) {
        var methods = new TreeSet<String>();
        for (var route : routes) {
            if (route.match(request.segments()).isPresent()) {
                methods.add(route.method());
            }
        }
        if (methods.isEmpty()) {
            throw new ApiException(ErrorType.NOT_FOUND, "Not found: " + request.path());
        }
        methods.add("HEAD");
        methods.add("OPTIONS");
        return String.join(", ", methods);
    }
}
