package dev.jmlx.jinja;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/// Reads recorded renderings of the reference implementation: gzip'd JSON lines.
///
/// From the folder that the system property `goldens.text` names, else from the test resources, which
/// hold the part whose templates belong to models under Apache-2.0 or MIT.
public final class Goldens {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    public record Source(
            String id,
            @JsonProperty("bos_token") String bosToken,
            @JsonProperty("eos_token") String eosToken,
            String template) {}

    public record Conversation(
            String id,
            List<Map<String, Object>> messages,
            @Nullable Object tools,
            @Nullable Object documents,
            @JsonProperty("add_generation_prompt") boolean addGenerationPrompt,
            @JsonProperty("continue_final_message") boolean continueFinalMessage,
            Map<String, Object> kwargs) {}

    public record Golden(
            String template,
            String conv,
            @Nullable String output,
            @Nullable Failure error) {}

    public record Snippet(
            @Nullable Map<String, Object> context,
            String template,
            @Nullable String output,
            @Nullable Failure error) {}

    public record Failure(String type, String message) {}

    private Goldens() {}

    /// From the folder of the system property, or the test resources.
    public static <T> List<T> read(String name, Class<T> type) {
        var folder = System.getProperty("goldens.text");
        if (folder == null) {
            return readResource(name, type);
        }
        try (var stream = Files.newInputStream(Path.of(folder, "templates", name))) {
            return parse(stream, type);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    /// From the test resources, whatever the system property says.
    static <T> List<T> readResource(String name, Class<T> type) {
        try (var stream = Goldens.class.getResourceAsStream("/goldens/text/templates/" + name)) {
            return parse(Objects.requireNonNull(stream, name), type);
        } catch (IOException exception) {
            throw new UncheckedIOException(exception);
        }
    }

    private static <T> List<T> parse(InputStream stream, Class<T> type) throws IOException {
        var lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(stream), StandardCharsets.UTF_8));
        return lines.lines().map(line -> JSON.readValue(line, type)).toList();
    }
}
