package dev.jmlx.http.messages;

import dev.jmlx.chat.ToolSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/// Reads `tools` and `tool_choice`. Tools of a server-side `type` (`web_search_...`) are left out: there is no such
/// server here. Stateless; throws `ApiException` 400.
final class ToolReader {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9_-]{1,128}");
    private static final String PLACEHOLDER = "DeferredToolPlaceholder";

    private ToolReader() {}

    static List<ToolDefinition> tools(Field tools) {
        if (tools.isAbsent()) {
            return List.of();
        }
        var names = new HashSet<String>();
        var definitions = new ArrayList<ToolDefinition>();
        for (var tool : tools.elements()) {
            var type = tool.object().at("type");
            var name = tool.at("name").name();
            var serverSide = !type.isAbsent() && !type.text().equals("custom");
            if (serverSide || name.equals(PLACEHOLDER)) {
                continue;
            }
            if (!names.add(name)) {
                throw tools.error("Tool names must be unique, found '" + name + "' twice");
            }
            definitions.add(definition(tool, name));
        }
        return List.copyOf(definitions);
    }

    private static ToolDefinition definition(Field tool, String name) {
        if (!NAME.matcher(name).matches()) {
            throw tool.at("name").error("String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
        }
        var schema = PlainJson.object(tool.at("input_schema").object().node());
        var description = tool.at("description").present().map(Field::text).orElse("");
        var deferred = tool.at("defer_loading").present().map(Field::flag).orElse(false);
        return new ToolDefinition(new ToolSpec(name, description, schema), deferred);
    }

    static ToolChoice choice(Field choice, List<ToolDefinition> tools) {
        if (choice.isAbsent()) {
            return new ToolChoice.Auto(false);
        }
        var single = choice.object()
                .at("disable_parallel_tool_use")
                .present()
                .map(Field::flag)
                .orElse(false);
        return switch (choice.at("type").choice("auto", "any", "tool", "none")) {
            case "none" -> new ToolChoice.None();
            case "tool" -> {
                var name = choice.at("name").name();
                if (tools.stream().noneMatch(tool -> tool.spec().name().equals(name))) {
                    throw choice.error("Tool '" + name + "' not found in provided tools");
                }
                yield new ToolChoice.Only(name, single);
            }
            default -> new ToolChoice.Auto(single);
        };
    }
}
