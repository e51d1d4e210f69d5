package dev.jmlx.http.messages;

import dev.jmlx.http.Handler;
import dev.jmlx.http.HttpExchange;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;

/// `POST /v1/messages/count_tokens`: renders and encodes like [MessagesHandler], so the count is the one that the
/// message would report. Any thread.
final class CountTokensHandler implements Handler {
    private final ChatModel model;

    CountTokensHandler(ChatModel model) {
        this.model = model;
    }

    @Override
    public void handle(HttpExchange exchange, Map<String, String> parameters) {
        var request = RequestReader.read(JsonBody.read(exchange.request()));
        var count = model.encode(ConversationBuilder.build(request)).length;
        var json = JsonNodeFactory.instance.objectNode().put("input_tokens", count);
        exchange.respond(200, Map.of(), JsonBody.write(json));
    }
}
