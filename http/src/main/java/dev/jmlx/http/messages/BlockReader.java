package dev.jmlx.http.messages;

import dev.jmlx.chat.Role;
import dev.jmlx.http.messages.InputBlock.Text;
import dev.jmlx.http.messages.InputBlock.ToolReference;
import dev.jmlx.http.messages.InputBlock.ToolResult;
import dev.jmlx.http.messages.InputBlock.ToolUse;
import java.util.ArrayList;
import java.util.List;

/// Reads content: a string, or an array of blocks. Unknown keys of a block are ignored, unknown blocks are refused,
/// because leaving them out would change what the conversation says. Stateless; throws `ApiException` 400.
final class BlockReader {
    private static final String BILLING = "x-anthropic-billing-header";
    private static final String TEXT_ONLY = "this model reads text only, ";

    private BlockReader() {}

    /// The content of a message with this role, or of the system prompt.
    static List<InputBlock> read(Field content, Role role) {
        if (content.required().node().isString()) {
            return textBlocks(content.text(), role);
        }
        var blocks = new ArrayList<InputBlock>();
        for (var block : content.elements()) {
            blocks.addAll(readBlock(block.object(), role));
        }
        return List.copyOf(blocks);
    }

    private static List<InputBlock> readBlock(Field block, Role role) {
        return switch (block.at("type").text()) {
            case "text" -> textBlocks(block.at("text").text(), role);
            case "thinking" -> {
                block.at("thinking").text();
                yield List.of();
            }
            case "redacted_thinking" -> List.of();
            case "tool_use" -> List.of(toolUse(block, role));
            case "tool_result" -> List.of(toolResult(block, role));
            case "tool_reference" ->
                List.of(new ToolReference(block.at("tool_name").name()));
            case "document" -> document(block);
            case "image" -> throw block.error(TEXT_ONLY + "found an image");
            default -> throw unknown(block);
        };
    }

    private static RuntimeException unknown(Field block) {
        return block.at("type")
                .error("Input should be 'text', 'tool_use', 'tool_result', 'tool_reference', 'thinking',"
                        + " 'redacted_thinking' or 'document', found '"
                        + block.at("type").text() + "'");
    }

    /// The client's billing line changes with every prompt and would spoil the reuse of computed prefixes.
    private static List<InputBlock> textBlocks(String text, Role role) {
        return role == Role.SYSTEM && text.startsWith(BILLING) ? List.of() : List.of(new Text(text));
    }

    private static ToolUse toolUse(Field block, Role role) {
        if (role != Role.ASSISTANT) {
            throw block.error("`tool_use` blocks can only be in `assistant` messages");
        }
        return new ToolUse(
                block.at("id").name(),
                block.at("name").name(),
                PlainJson.object(block.at("input").object().node()));
    }

    private static ToolResult toolResult(Field block, Role role) {
        if (role != Role.USER) {
            throw block.error("`tool_result` blocks can only be in `user` messages");
        }
        var id = block.at("tool_use_id").name();
        var isError = block.at("is_error").present().map(Field::flag).orElse(false);
        var content = block.at("content").present();
        List<InputBlock> parts = content.isEmpty() ? List.of() : read(content.get(), Role.TOOL);
        return new ToolResult(id, parts, isError);
    }

    private static List<InputBlock> document(Field block) {
        var source = block.at("source").object();
        var title = block.at("title").present().map(Field::text).orElse("");
        List<InputBlock> parts = switch (source.at("type").text()) {
            case "text" -> List.of(new Text(source.at("data").text()));
            case "content" -> read(source.at("content"), Role.TOOL);
            default -> throw source.error(TEXT_ONLY + "found a document that is not text");
        };
        if (title.isEmpty()) {
            return parts;
        }
        var titled = new ArrayList<InputBlock>(parts);
        titled.addFirst(new Text(title));
        return titled;
    }
}
