package dev.jmlx.http.messages;

import dev.jmlx.http.ApiException;
import dev.jmlx.http.ErrorType;
import dev.jmlx.http.HttpExchange;
import dev.jmlx.http.Request;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `GET /v1/models` and `GET /v1/models/{id}`. The one model is listed by its API name and by its folder's name; a
/// message may name any model, the loaded one answers. Any thread.
final class ModelsHandler {
    private static final int MAX_PAGE = 1000;

    private final ModelCard card;
    private final int contextLength;
    private final List<String> ids;

    ModelsHandler(ModelCard card, int contextLength) {
        this.card = card;
        this.contextLength = contextLength;
        this.ids = card.id().equals(card.displayName()) ? List.of(card.id()) : List.of(card.id(), card.displayName());
    }

    void list(HttpExchange exchange, Map<String, String> parameters) {
        var page = page(exchange.request());
        var json = JsonNodeFactory.instance.objectNode();
        var data = json.putArray("data");
        page.forEach(id -> data.add(model(id)));
        json.put("has_more", !page.isEmpty() && hasMore(exchange.request(), page));
        json.put("first_id", page.isEmpty() ? null : page.getFirst());
        json.put("last_id", page.isEmpty() ? null : page.getLast());
        exchange.respond(200, Map.of(), JsonBody.write(json));
    }

    private List<String> page(Request request) {
        var limit = limit(request);
        var after = request.query().get("after_id");
        var before = request.query().get("before_id");
        if (before != null) {
            var end = Math.max(0, ids.indexOf(before));
            return ids.subList(Math.max(0, end - limit), end);
        }
        var start = after == null ? 0 : ids.contains(after) ? ids.indexOf(after) + 1 : ids.size();
        return ids.subList(start, Math.min(ids.size(), start + limit));
    }

    private boolean hasMore(Request request, List<String> page) {
        return request.query().containsKey("before_id")
                ? !page.getFirst().equals(ids.getFirst())
                : !page.getLast().equals(ids.getLast());
    }

    private static int limit(Request request) {
        var text = request.query().getOrDefault("limit", "20");
        try {
            var limit = Integer.parseInt(text);
            if (limit >= 1 && limit <= MAX_PAGE) {
                return limit;
            }
        } catch (NumberFormatException _) {
            // Reported below, like a number out of range.
        }
        throw ApiException.invalid("limit: Input should be a number from 1 to " + MAX_PAGE + ", found '" + text + "'");
    }

    void one(HttpExchange exchange, Map<String, String> parameters) {
        var id = parameters.getOrDefault("id", "");
        if (!ids.contains(id)) {
            throw new ApiException(ErrorType.NOT_FOUND, "model: " + id);
        }
        exchange.respond(200, Map.of(), JsonBody.write(model(id)));
    }

    private ObjectNode model(String id) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("type", "model")
                .put("id", id)
                .put("display_name", card.displayName())
                .put(
                        "created_at",
                        card.created().truncatedTo(ChronoUnit.SECONDS).toString())
                .put("max_input_tokens", contextLength)
                .put("max_tokens", contextLength);
    }
}
