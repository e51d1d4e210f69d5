package dev.jmlx.http.messages;

import dev.jmlx.http.ApiException;
import dev.jmlx.http.Request;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads and writes the bodies' JSON. Nesting is limited, because schemas and tool inputs are walked recursively.
/// Stateless.
final class JsonBody {
    private static final int MAX_DEPTH = 128;
    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonBody() {}

    /// Throws [ApiException] 400 with the position when the body is not a JSON object.
    static JsonNode read(Request request) {
        JsonNode body;
        try {
            body = JSON.readTree(request.body());
        } catch (JacksonException broken) {
            var at = broken.getLocation();
            var position = at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
            throw ApiException.invalid("The request body is not valid JSON: " + broken.getOriginalMessage() + position);
        }
        if (!body.isObject()) {
            throw ApiException.invalid("The request body is not valid JSON: expected an object");
        }
        return body;
    }

    static byte[] write(JsonNode node) {
        return JSON.writeValueAsBytes(node);
    }

    static String text(Object value) {
        return JSON.writeValueAsString(value);
    }

    /// A JSON object in a string, such as the arguments of a tool call.
    static JsonNode parse(String json) {
        return JSON.readTree(json);
    }
}
