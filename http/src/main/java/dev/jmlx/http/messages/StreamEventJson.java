package dev.jmlx.http.messages;

import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes stream events as the API spells them. Stateless.
final class StreamEventJson {
    private StreamEventJson() {}

    /// The event's JSON; its `type` is also the name of the event.
    static ObjectNode of(StreamEvent event) {
        var json = JsonNodeFactory.instance.objectNode();
        switch (event) {
            case StreamEvent.MessageStart start -> messageStart(json, start);
            case StreamEvent.BlockStart start -> {
                json.put("type", "content_block_start").put("index", start.index());
                block(json.putObject("content_block"), start.block());
            }
            case StreamEvent.Ping _ -> json.put("type", "ping");
            case StreamEvent.BlockDelta delta -> {
                json.put("type", "content_block_delta").put("index", delta.index());
                delta(json.putObject("delta"), delta.delta());
            }
            case StreamEvent.BlockStop stop ->
                json.put("type", "content_block_stop").put("index", stop.index());
            case StreamEvent.MessageDelta delta -> messageDelta(json, delta);
            case StreamEvent.MessageStop _ -> json.put("type", "message_stop");
        }
        return json;
    }

    private static void messageStart(ObjectNode json, StreamEvent.MessageStart start) {
        json.put("type", "message_start");
        var message = json.putObject("message");
        message.put("id", start.id())
                .put("type", "message")
                .put("role", "assistant")
                .put("model", start.model());
        message.putArray("content");
        message.putNull("stop_reason");
        message.putNull("stop_sequence");
        usage(message, start.inputTokens(), 0);
    }

    private static void messageDelta(ObjectNode json, StreamEvent.MessageDelta end) {
        json.put("type", "message_delta");
        var delta = json.putObject("delta");
        delta.put("stop_reason", end.stopReason().wireName()).put("stop_sequence", end.stopSequence());
        json.putObject("usage").put("output_tokens", end.outputTokens());
    }

    /// Adds `usage`. Nothing is ever read from a cache yet, so every prompt token counts as input.
    static void usage(ObjectNode message, int inputTokens, int outputTokens) {
        message.putObject("usage")
                .put("input_tokens", inputTokens)
                .put("cache_creation_input_tokens", 0)
                .put("cache_read_input_tokens", 0)
                .put("output_tokens", outputTokens);
    }

    static void block(ObjectNode json, StreamEvent.Block block) {
        switch (block) {
            case StreamEvent.Block.Text _ -> json.put("type", "text").put("text", "");
            case StreamEvent.Block.ToolUse use ->
                json.put("type", "tool_use")
                        .put("id", use.id())
                        .put("name", use.name())
                        .putObject("input");
        }
    }

    private static void delta(ObjectNode json, StreamEvent.Delta delta) {
        switch (delta) {
            case StreamEvent.Delta.Text text -> json.put("type", "text_delta").put("text", text.text());
            case StreamEvent.Delta.InputJson input ->
                json.put("type", "input_json_delta").put("partial_json", input.json());
        }
    }
}
