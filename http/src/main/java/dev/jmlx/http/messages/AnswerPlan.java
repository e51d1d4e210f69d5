package dev.jmlx.http.messages;

import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.http.ApiException;

/// A request ready to be answered: its prompt in tokens, and how many tokens the answer may have. `clamped`:
/// fewer than asked for, because the context ends there. Immutable.
record AnswerPlan(MessagesRequest request, int[] prompt, int maxTokens, boolean clamped, SamplingParams sampling) {

    /// Throws [ApiException] 400 when the prompt leaves no room for an answer.
    static AnswerPlan of(MessagesRequest request, ChatModel model, AnswerDefaults defaults) {
        var prompt = model.encode(ConversationBuilder.build(request));
        var context = model.contextLength();
        if (prompt.length >= context) {
            // A prompt that fills the context exactly is too long by the one token that an answer needs.
            var maximum = prompt.length == context ? context - 1 : context;
            throw ApiException.invalid("prompt is too long: " + prompt.length + " tokens > " + maximum + " maximum");
        }
        var asked = request.answering().maxTokens().orElse(defaults.maxTokens());
        var room = context - prompt.length;
        var sampling = defaults.resolve(request.answering().sampling(), model.recommended());
        return new AnswerPlan(request, prompt, Math.min(asked, room), asked > room, sampling);
    }
}
