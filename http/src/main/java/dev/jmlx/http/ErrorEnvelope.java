package dev.jmlx.http;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Writes `{"type":"error","error":{"type","message"},"request_id"}`, the body of every error answer. Stateless.
final class ErrorEnvelope {
    private static final JsonMapper JSON = JsonMapper.shared();

    /// Messages quote what the client sent, which may be long.
    private static final int MAX_MESSAGE = 1000;

    private ErrorEnvelope() {}

    static byte[] of(ApiException error, String requestId) {
        var root = JsonNodeFactory.instance.objectNode();
        root.put("type", "error");
        root.putObject("error").put("type", error.type().wireName()).put("message", clipped(error.sentence()));
        root.put("request_id", requestId);
        return JSON.writeValueAsBytes(root);
    }

    private static String clipped(String message) {
        return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "...";
    }
}
