package dev.jmlx.chat;

import java.util.ArrayList;
import java.util.List;

/// Turns several calls in one assistant message into single calls, each followed by its results, for
/// templates that render only one call a message.
final class CallSequence {
    private CallSequence() {}

    static List<ChatMessage> split(List<ChatMessage> messages) {
        var result = new ArrayList<ChatMessage>();
        for (var i = 0; i < messages.size(); i++) {
            var message = messages.get(i);
            if (message.toolCalls().size() < 2) {
                result.add(message);
                continue;
            }
            var end = i + 1;
            while (end < messages.size() && messages.get(end).role() == Role.TOOL) {
                end++;
            }
            addSplit(message, new ArrayList<>(messages.subList(i + 1, end)), result);
            i = end - 1;
        }
        return result;
    }

    private static void addSplit(ChatMessage message, List<ChatMessage> answers, List<ChatMessage> result) {
        var content = message.content();
        for (var call : message.toolCalls()) {
            result.add(new ChatMessage(Role.ASSISTANT, content, List.of(call), null, null));
            content = "";
            for (var answer : List.copyOf(answers)) {
                if (call.id().equals(answer.toolCallId())) {
                    result.add(answer);
                    answers.remove(answer);
                }
            }
        }
        result.addAll(answers);
    }
}
