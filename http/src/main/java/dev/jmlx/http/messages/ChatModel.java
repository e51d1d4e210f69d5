package dev.jmlx.http.messages;

import dev.jmlx.chat.OutputParser;
import dev.jmlx.engine.generate.EngineStatus;
import dev.jmlx.engine.sample.SamplingParams;

/// The model as the handlers need it: conversations in, text out. Any thread.
public interface ChatModel {

    /// The prompt's token ids. Throws `ApiException` 400 when the model's template refuses the conversation.
    int[] encode(Conversation conversation);

    /// Tokens that a prompt and its answer may take together.
    int contextLength();

    /// The sampling values that the model's authors recommend.
    RequestedSampling recommended();

    /// A parser for the tool calls of one answer.
    OutputParser outputParser();

    /// Starts to answer. Throws `ApiException` 529 when too many requests are waiting.
    TextStream generate(int[] promptIds, int maxTokens, SamplingParams sampling);

    EngineStatus status();
}
