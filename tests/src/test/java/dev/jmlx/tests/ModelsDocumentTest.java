package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.chat.OutputParsers;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.weights.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `docs/models.md` and the list in the README say what the registry says; `-Ddocuments.write=true` writes them
/// anew.
final class ModelsDocumentTest {
    private static final String BEGIN = "<!-- generated -->\n";
    private static final String END = "<!-- end -->\n";

    @Test
    void tableIsTheRegistrys() throws IOException {
        verify(project().resolve("docs/models.md"), table());
    }

    @Test
    void readmeListsTheRegistrysNames() throws IOException {
        var names = Models.all().stream()
                .map(architecture -> "`" + architecture.name() + "`")
                .collect(Collectors.joining(", "));
        verify(project().resolve("README.md"), names + "\n");
    }

    /// The folder above the embedded model's.
    private static Path project() {
        return Objects.requireNonNull(
                Objects.requireNonNull(Fixtures.embeddedModel().getParent()).getParent());
    }

    private static void verify(Path file, String generated) throws IOException {
        var text = Files.readString(file);
        var from = text.indexOf(BEGIN) + BEGIN.length();
        var to = text.indexOf(END);
        assertThat(from).as("%s has the two marks", file).isBetween(BEGIN.length(), to);
        if (Boolean.getBoolean("documents.write")) {
            Files.writeString(file, text.substring(0, from) + generated + text.substring(to));
            return;
        }
        assertThat(text.substring(from, to))
                .as("the generated part of %s; to write it: ./mvnw test -pl tests -am -Ddocuments.write=true", file)
                .isEqualTo(generated);
    }

    private static String table() throws IOException {
        var tested = fixtures();
        var rows = Models.all().stream()
                .map(architecture -> String.format(
                        "| %s | `mlx-community/%s` | all | %s | no | %s |\n",
                        names(architecture.name()),
                        architecture.example(),
                        OutputParsers.formatName(""),
                        tested.getOrDefault(architecture.name(), "")))
                .collect(Collectors.joining());
        return "| `model_type` | for example | quantizations | tool calls | thinking told apart | agrees with mlx-lm on |\n"
                + "|---|---|---|---|---|---|\n" + rows;
    }

    /// Of an architecture, the aliases too.
    private static String names(String name) {
        var others = Models.aliases().entrySet().stream()
                .filter(alias -> alias.getValue().equals(name))
                .map(Map.Entry::getKey)
                .sorted();
        return Stream.concat(Stream.of(name), others).map(n -> "`" + n + "`").collect(Collectors.joining(", "));
    }

    /// For each `model_type` the fixtures that have it, with their quantization.
    private static Map<String, String> fixtures() throws IOException {
        var found = new TreeMap<String, String>();
        try (var folders = Files.list(Fixtures.resource("goldens/models"))) {
            for (var folder : folders.sorted().toList()) {
                var config = ModelConfig.read(folder.resolve("config.json"));
                var fixture = "`" + folder.getFileName() + "` (" + quantization(config) + ")";
                found.merge(config.string("model_type"), fixture, (a, b) -> a + ", " + b);
            }
        }
        return found;
    }

    private static String quantization(ModelConfig config) {
        var general = config.object("quantization");
        if (general == null) {
            var foreign = config.object("quantization_config");
            return foreign == null ? "bf16" : foreign.string("quant_method");
        }
        var mode = general.string("mode", "affine");
        var bits = general.integer("bits", 1) + " bits by " + general.integer("group_size", 1);
        return mode.equals("affine") ? bits : mode;
    }
}
