package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.generate.ModelSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What real repositories write into `config.json`, or leave out of it, where the fixtures do otherwise.
final class SpellingsTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "qwen3_moe | | shared_expert_intermediate_size | 0",
                "qwen3_5_moe | text_config | intermediate_size |",
                "nemotron_h | | num_hidden_layers |",
                "gpt_oss | | layer_types |",
                "llama | | model_type | \"xverse\"",
                "minimax | | model_type | \"minimax_m2\"",
                "llama4 | text_config | attn_temperature_tuning | true",
                "granitemoehybrid | | time_step_limit | [0.0, {\"__float__\": \"Infinity\"}]",
            })
    void realSpellingsAreRead(String fixture, String part, String key, String value) throws IOException {
        var source = Fixtures.resource("goldens/models/" + fixture);
        Files.copy(source.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        var config = (ObjectNode) JSON.readTree(source.resolve("config.json"));
        var changed = part == null ? config : (ObjectNode) config.get(part);
        if (value == null) {
            changed.remove(key);
        } else {
            changed.set(key, JSON.readTree(value));
        }
        Files.writeString(folder.resolve("config.json"), config.toString());
        assertThat(ModelSummary.of(folder).parameters())
                .isEqualTo(ModelSummary.of(source).parameters());
    }

    /// The numbers as Python writes them, which is no JSON.
    @ParameterizedTest
    @CsvSource({"granitemoehybrid", "nemotron_h"})
    void infiniteNumbersAreRead(String fixture) throws IOException {
        var source = Fixtures.resource("goldens/models/" + fixture);
        Files.copy(source.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        var config = Files.readString(source.resolve("config.json")).strip();
        Files.writeString(
                folder.resolve("config.json"),
                config.substring(0, config.length() - 1) + ", \"time_step_limit\": [0.0, Infinity]}");
        assertThat(ModelSummary.of(folder).layers()).isNotEmpty();
    }
}
