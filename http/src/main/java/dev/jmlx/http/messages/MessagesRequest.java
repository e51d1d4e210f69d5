package dev.jmlx.http.messages;

import java.util.List;
import java.util.OptionalInt;

/// A validated body of `POST /v1/messages`. `system`: the blocks of the system prompt without the client's billing
/// line. Made by [RequestReader]; immutable.
record MessagesRequest(
        String model,
        List<InputBlock> system,
        List<InputMessage> messages,
        List<ToolDefinition> tools,
        ToolChoice toolChoice,
        Answering answering) {

    /// How the answer is to be made and sent. `maxTokens` is empty when the request does not say.
    record Answering(OptionalInt maxTokens, RequestedSampling sampling, List<String> stopSequences, boolean stream) {}
}
