package dev.jmlx.http;

import java.util.Map;

/// Answers the requests of one route. Called on a virtual thread per request, so it may block, and it must be
/// safe for several threads. What it throws becomes an error answer.
@FunctionalInterface
public interface Handler {
    /// `parameters`: the values of the route's `{name}` segments.
    void handle(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException;
}
