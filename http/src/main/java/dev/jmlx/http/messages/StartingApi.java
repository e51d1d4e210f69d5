package dev.jmlx.http.messages;

import dev.jmlx.http.ApiException;
import dev.jmlx.http.ErrorType;
import dev.jmlx.http.HttpExchange;
import dev.jmlx.http.Route;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What the server answers while its model is downloaded and loaded: how far that is, and to requests of the API
/// that they should come back. Claude Code does so up to ten times, after the pause that it is told. Any thread.
public final class StartingApi {
    /// Seconds; the client's ten tries then last for ten minutes.
    private static final long LONGEST_PAUSE = 60;

    /// Seconds, where nobody knows better.
    private static final long USUAL_PAUSE = 20;

    private final String model;
    private final String version;
    private final Supplier<StartState> state;

    /// `model`: its name. `version`: of this program. `state`: asked at every request.
    public StartingApi(String model, String version, Supplier<StartState> state) {
        this.model = model;
        this.version = version;
        this.state = state;
    }

    /// The paths of [MessagesApi].
    public List<Route> routes() {
        return List.of(
                Route.of("POST", "/v1/messages", this::refuse),
                Route.of("POST", "/v1/messages/count_tokens", this::refuse),
                Route.of("GET", "/v1/models", this::refuse),
                Route.of("GET", "/v1/models/{id}", this::refuse),
                Route.open("GET", "/health", this::health),
                Route.open("GET", "/api/hello", this::root),
                Route.open("GET", "/", this::root));
    }

    private void refuse(HttpExchange exchange, Map<String, String> parameters) {
        var now = state.get();
        var doing = switch (now.phase()) {
            case DOWNLOADING -> "is being downloaded";
            case LOADING -> "is being loaded";
        };
        throw new ApiException(
                ErrorType.OVERLOADED,
                String.format(Locale.ROOT, "the model %s %s (%.0f %%); try again", model, doing, now.percent()),
                Map.of("retry-after", String.valueOf(pause(now))));
    }

    /// With the status that load balancers take for "not yet".
    private void health(HttpExchange exchange, Map<String, String> parameters) {
        var now = state.get();
        var json = about().put("status", now.phase().wireName())
                // One digit is enough.
                .put("percent", Math.round(now.percent() * 10) / 10.0);
        exchange.respond(503, Map.of("retry-after", String.valueOf(pause(now))), JsonBody.write(json));
    }

    private void root(HttpExchange exchange, Map<String, String> parameters) {
        exchange.respond(200, Map.of(), JsonBody.write(about()));
    }

    private ObjectNode about() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", "jmlx")
                .put("version", version)
                .put("model", model);
    }

    private static long pause(StartState now) {
        return now.secondsLeft() <= 0 ? USUAL_PAUSE : Math.min(LONGEST_PAUSE, now.secondsLeft());
    }
}
