package dev.jmlx.http.messages;

import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Puts the events of an answer together into the one message of a request without `stream`. One thread.
final class MessageCollector implements EventSink {
    private final ObjectNode message = JsonNodeFactory.instance.objectNode();
    private final ArrayNode content = JsonNodeFactory.instance.arrayNode();
    private final StringBuilder current = new StringBuilder();
    private int inputTokens;

    @Override
    public void accept(StreamEvent event) {
        switch (event) {
            case StreamEvent.MessageStart start -> {
                message.put("id", start.id()).put("type", "message").put("role", "assistant");
                message.put("model", start.model()).set("content", content);
                inputTokens = start.inputTokens();
            }
            case StreamEvent.BlockStart start -> {
                current.setLength(0);
                StreamEventJson.block(content.addObject(), start.block());
            }
            case StreamEvent.BlockDelta delta -> append(delta.delta());
            case StreamEvent.BlockStop stop -> complete((ObjectNode) content.get(stop.index()));
            case StreamEvent.MessageDelta end -> {
                message.put("stop_reason", end.stopReason().wireName()).put("stop_sequence", end.stopSequence());
                StreamEventJson.usage(message, inputTokens, end.outputTokens());
            }
            case StreamEvent.Ping _, StreamEvent.MessageStop _ -> {}
        }
    }

    private void append(StreamEvent.Delta delta) {
        switch (delta) {
            case StreamEvent.Delta.Text text -> current.append(text.text());
            case StreamEvent.Delta.InputJson input -> current.append(input.json());
        }
    }

    private void complete(ObjectNode block) {
        if (block.has("text")) {
            block.put("text", current.toString());
        } else {
            block.set("input", JsonBody.parse(current.toString()));
        }
    }

    /// The message, complete after [StreamEvent.MessageStop].
    ObjectNode message() {
        return message;
    }
}
