package dev.jmlx.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class InspectCommandTest {
    @TempDir
    Path folder;

    @Test
    void saysWhatAModelIsAndTakes() {
        assertThat(inspect(embedded(), 0))
                .contains("architecture  llama\n")
                .contains("parameters    134.5 million\n")
                .contains("weights       98.3 MB, 5.84 bits per weight\n")
                .contains("context       8,192 tokens\n")
                .contains(" GB with 8k tokens (cache in f16)\n")
                .contains("tokenizer     49,152 tokens\n")
                .endsWith("unsupported   nothing\n");
    }

    @Test
    void saysOfEachPartWhatIsWrongWithIt() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"model_type\":\"lama\"}");
        Files.writeString(folder.resolve("model.safetensors"), "");
        assertThat(inspect(folder, 1))
                .contains("unsupported   model.safetensors: the file has 0 bytes")
                .contains("tokenizer.json: there is no such file")
                .contains("there is no chat_template");
    }

    private static String inspect(Path model, int exitCode) {
        var out = new StringWriter();
        var command = new CommandLine(new InspectCommand()).setOut(new PrintWriter(out));
        assertThat(command.execute(model.toString())).isEqualTo(exitCode);
        return out.toString().replace("\r\n", "\n");
    }

    private static Path embedded() {
        var config = ServerConfig.read(Path.of(""), Map.of());
        return ((ModelPlace.Here) ModelResolver.of(config).find(null)).folder();
    }
}
