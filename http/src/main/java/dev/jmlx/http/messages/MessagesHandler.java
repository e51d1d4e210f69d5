package dev.jmlx.http.messages;

import dev.jmlx.http.Handler;
import dev.jmlx.http.HttpExchange;
import java.time.Duration;
import java.util.Map;

/// `POST /v1/messages`, as one JSON message or as a stream of events. Any thread.
final class MessagesHandler implements Handler {
    /// Clients give up on a stream that is silent for some minutes; proxies sooner.
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);

    /// Nothing can be sent before a whole JSON message, so nothing is.
    private static final Duration NEVER = Duration.ofDays(365);

    private final ChatModel model;
    private final AnswerDefaults defaults;

    MessagesHandler(ChatModel model, AnswerDefaults defaults) {
        this.model = model;
        this.defaults = defaults;
    }

    @Override
    public void handle(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException {
        var request = RequestReader.read(JsonBody.read(exchange.request()));
        var plan = AnswerPlan.of(request, model, defaults);
        try (var text = model.generate(plan.prompt(), plan.maxTokens(), plan.sampling())) {
            exchange.onCancel(text::cancel);
            if (request.answering().stream()) {
                stream(exchange, plan, text);
            } else {
                var message = new MessageCollector();
                new AnswerWriter(plan, text, model.outputParser(), message, NEVER).write();
                exchange.respond(200, Map.of(), JsonBody.write(message.message()));
            }
        }
    }

    private void stream(HttpExchange exchange, AnswerPlan plan, TextStream text) throws InterruptedException {
        var events = exchange.eventStream();
        EventSink sink = event -> {
            var json = StreamEventJson.of(event);
            events.send(json.path("type").stringValue(), JsonBody.write(json));
        };
        new AnswerWriter(plan, text, model.outputParser(), sink, KEEP_ALIVE).write();
        events.end();
    }
}
