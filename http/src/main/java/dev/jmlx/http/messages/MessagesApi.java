package dev.jmlx.http.messages;

import dev.jmlx.http.HttpExchange;
import dev.jmlx.http.Route;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The routes of the Claude Messages API for one model. Immutable, any thread.
public final class MessagesApi {
    private final ChatModel model;
    private final ModelCard card;
    private final AnswerDefaults defaults;
    private final String version;

    /// `version`: of this program, for `GET /`.
    public MessagesApi(ChatModel model, ModelCard card, AnswerDefaults defaults, String version) {
        this.model = model;
        this.card = card;
        this.defaults = defaults;
        this.version = version;
    }

    /// Everything the server answers.
    public List<Route> routes() {
        var models = new ModelsHandler(card, model.contextLength());
        return List.of(
                Route.of("POST", "/v1/messages", new MessagesHandler(model, defaults)),
                Route.of("POST", "/v1/messages/count_tokens", new CountTokensHandler(model)),
                Route.of("GET", "/v1/models", models::list),
                Route.of("GET", "/v1/models/{id}", models::one),
                Route.open("GET", "/health", this::health),
                // Claude Code asks for this one with HEAD, to connect early.
                Route.open("GET", "/api/hello", this::root),
                Route.open("GET", "/", this::root));
    }

    private void health(HttpExchange exchange, Map<String, String> parameters) {
        var status = model.status();
        respond(
                exchange,
                about().put("status", "ok").put("running", status.running()).put("waiting", status.waiting()));
    }

    private void root(HttpExchange exchange, Map<String, String> parameters) {
        respond(exchange, about());
    }

    private ObjectNode about() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("name", "jmlx")
                .put("version", version)
                .put("model", card.displayName());
    }

    private static void respond(HttpExchange exchange, ObjectNode json) {
        exchange.respond(200, Map.of(), JsonBody.write(json));
    }
}
