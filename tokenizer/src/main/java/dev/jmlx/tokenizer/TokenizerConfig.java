package dev.jmlx.tokenizer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/// What a model folder says about its prompts: the tokens and the templates that frame them.
///
/// Read once per model, while it loads; null where the folder does not say. `toolUseTemplate` is the
/// one for prompts with tools, where a model has two. Immutable, any thread.
public record TokenizerConfig(
        @Nullable String bosToken,
        @Nullable String eosToken,
        @Nullable String chatTemplate,
        @Nullable String toolUseTemplate) {

    private static final String CONFIG = "tokenizer_config.json";
    private static final String SPECIAL_TOKENS = "special_tokens_map.json";
    private static final String TEMPLATE = "chat_template.jinja";
    private static final String TOOL_USE_TEMPLATE = "additional_chat_templates/tool_use.jinja";

    /// Reads `tokenizer_config.json`, `special_tokens_map.json` for tokens that it does not name, and
    /// the `.jinja` files, which win over templates in JSON. None of the files has to exist; a
    /// malformed one is a [TokenizerLoadException].
    public static TokenizerConfig load(Path folder) {
        var config = object(folder, CONFIG);
        var special = object(folder, SPECIAL_TOKENS);
        var template = text(folder, TEMPLATE);
        var toolUse = text(folder, TOOL_USE_TEMPLATE);
        return new TokenizerConfig(
                firstOf(token(config, "bos_token"), token(special, "bos_token")),
                firstOf(token(config, "eos_token"), token(special, "eos_token")),
                firstOf(template, template(config, "default")),
                // Of two templates in the JSON file none counts once there is a file for the default one.
                firstOf(toolUse, template == null ? template(config, "tool_use") : null));
    }

    private static @Nullable String firstOf(@Nullable String first, @Nullable String second) {
        return first != null ? first : second;
    }

    private static JsonPart object(Path folder, String name) {
        var entries = new HashMap<String, @Nullable Object>();
        var json = text(folder, name);
        if (json != null) {
            var bytes = new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8));
            new JsonFile(name).read(bytes, (key, parser) -> entries.put(key, JsonFile.value(parser)));
        }
        return JsonPart.root(entries, name);
    }

    private static @Nullable String text(Path folder, String name) {
        var file = folder.resolve(name);
        try {
            return Files.exists(file) ? Files.readString(file) : null;
        } catch (IOException e) {
            throw new TokenizerLoadException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
        }
    }

    /// A token is its spelling or an object that has it as `content`.
    private static @Nullable String token(JsonPart json, String key) {
        return json.isObject(key) ? json.part(key).text("content") : json.textOrNull(key);
    }

    /// `chat_template` is the default template or a list of templates with names.
    private static @Nullable String template(JsonPart json, String name) {
        if (!json.isArray("chat_template")) {
            return name.equals("default") ? json.textOrNull("chat_template") : null;
        }
        return json.parts("chat_template").stream()
                .filter(entry -> entry.text("name").equals(name))
                .findFirst()
                .map(entry -> entry.text("template"))
                .orElse(null);
    }
}
