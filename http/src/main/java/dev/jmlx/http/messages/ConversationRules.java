package dev.jmlx.http.messages;

import dev.jmlx.chat.Role;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.messages.InputBlock.ToolResult;
import dev.jmlx.http.messages.InputBlock.ToolUse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What must hold between the messages of a conversation. Stateless; throws [ApiException] 400.
final class ConversationRules {
    private ConversationRules() {}

    static void check(List<InputMessage> messages) {
        checkFirst(messages);
        var calls = new HashSet<String>();
        for (var i = 0; i < messages.size(); i++) {
            var blocks = messages.get(i).blocks();
            for (var j = 0; j < blocks.size(); j++) {
                checkCall(blocks.get(j), "messages." + i + ".content." + j, calls);
            }
        }
        var last = messages.getLast();
        if (last.role() == Role.ASSISTANT && last.blocks().stream().anyMatch(ToolUse.class::isInstance)) {
            throw ApiException.invalid("messages." + (messages.size() - 1)
                    + ": `tool_use` ids were found without `tool_result` blocks immediately after");
        }
    }

    private static void checkFirst(List<InputMessage> messages) {
        for (var i = 0; i < messages.size(); i++) {
            var role = messages.get(i).role();
            if (role == Role.ASSISTANT) {
                throw ApiException.invalid("messages." + i + ": the first message must use the \"user\" role");
            }
            if (role == Role.USER) {
                return;
            }
        }
        throw ApiException.invalid("messages: at least one message must use the \"user\" role");
    }

    private static void checkCall(InputBlock block, String path, Set<String> calls) {
        switch (block) {
            case ToolUse use -> {
                if (!calls.add(use.id())) {
                    throw ApiException.invalid(
                            path + ": `tool_use` ids must be unique, found '" + use.id() + "' twice");
                }
            }
            case ToolResult result -> {
                if (!calls.contains(result.toolUseId())) {
                    throw ApiException.invalid(path
                            + ": unexpected `tool_use_id` found in `tool_result` blocks: " + result.toolUseId()
                            + ". Each `tool_result` block must have a corresponding `tool_use` block before it");
                }
            }
            case InputBlock.Text _, InputBlock.ToolReference _ -> {}
        }
    }
}
