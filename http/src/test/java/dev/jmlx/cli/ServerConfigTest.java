package dev.jmlx.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.http.messages.RequestedSampling;
import dev.jmlx.hub.Hub;
import dev.jmlx.hub.HubSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ServerConfigTest {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void everythingHasADefault() {
        var config = ServerConfig.read(folder, Map.of());

        assertThat(config.listen()).isEqualTo(new ServerConfig.Listen("127.0.0.1", 8888, null));
        assertThat(config.model()).isEqualTo(new ServerConfig.ModelChoice(null, "claude-4-sonnet-20250514", null));
        assertThat(config.defaults().maxTokens()).isEqualTo(4096);
        assertThat(config.defaults().sampling()).isEqualTo(RequestedSampling.SILENT);
        assertThat(config.engine().backend()).isEqualTo("auto");
        assertThat(config.verbose()).isFalse();
    }

    @Test
    void theEnvironmentWinsOverTheFile() throws IOException {
        Files.writeString(folder.resolve(".env"), """
                # a comment
                PORT=9000
                export MODEL_NAME="my model"   # the name
                API_MODEL_NAME = plain # not a quote
                DEFAULT_TOP_P='0.5'
                API_KEY=a#b
                EOS_TOKEN=
                """);
        var config = ServerConfig.read(folder, Map.of("PORT", "9001", "API_MODEL_NAME", "", "VERBOSE", "TRUE"));

        assertThat(config.listen()).isEqualTo(new ServerConfig.Listen("127.0.0.1", 9001, "a#b"));
        assertThat(config.model()).isEqualTo(new ServerConfig.ModelChoice("my model", "plain", null));
        assertThat(config.defaults().sampling()).isEqualTo(new RequestedSampling(null, 0.5, null));
        assertThat(config.verbose()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        PORT                | abc   | it must be a whole number from 0 to 65535
        PORT                | 65536 | it must be a whole number from 0 to 65535
        DEFAULT_MAX_TOKENS  | 0     | it must be a whole number from 1 to 1048576
        DEFAULT_TEMPERATURE | 1.5   | it must be a number from 0 to 1
        DEFAULT_TOP_P       | NaN   | it must be a number from 0 to 1
        VERBOSE             | maybe | it must be true or false
        TRUST_REMOTE_CODE   | true  | it must be false, because no code from a model folder is ever run
        THREADS             | 0     | it must be a whole number from 1 to 1024
        MAX_SEQUENCES       | -1    | it must be a whole number from 1 to 1024
        KV_CACHE            | f64   | it must be f32 or f16 or bf16 or int8
        HOST                | 1.2.3.999 | it must be an address or name of this machine, such as 127.0.0.1
        """)
    void aWrongValueIsNamedWithWhatIsAllowed(String key, String value, String allowed) {
        assertThatThrownBy(() -> ServerConfig.read(folder, Map.of(key, value)))
                .isInstanceOf(ConfigException.class)
                .hasMessage(key + "=" + value + " is not allowed: " + allowed);
    }

    @Test
    void aBrokenLineIsNamedByItsNumberOnlyBecauseItMayHoldAKey() {
        assertThatThrownBy(() -> EnvFile.parse("A=1\nAPI_KEY secret\n", ".env"))
                .hasMessage(".env line 2: expected KEY=value");
    }

    @Test
    void aFileMayBeginWithAByteOrderMarkButMustBeUtf8() throws IOException {
        assertThat(EnvFile.parse("\ufeffPORT=1\n", ".env")).containsExactly(Map.entry("PORT", "1"));

        var file = Files.write(folder.resolve(".env"), new byte[] {'A', '=', (byte) 0xff});
        assertThatThrownBy(() -> EnvFile.read(file)).hasMessage(file + " cannot be read: it must be UTF-8 text");
    }

    @Test
    void findsModelsInTheWorkingFolderAndAroundTheJar() throws IOException {
        var jar = folder.resolve("install/http/target/server.jar");
        var beside = folder.resolve("install/models/one");
        var working = Files.createDirectories(folder.resolve("work"));
        var local = working.resolve("models/two");
        for (var model : new Path[] {beside, local}) {
            Files.createDirectories(model);
            Files.writeString(model.resolve("config.json"), "{}");
        }

        assertThat(resolver(working, jar).find("one")).isEqualTo(new ModelPlace.Here("one", beside));
        assertThat(resolver(working, jar).find("two")).isEqualTo(new ModelPlace.Here("two", local));
        assertThat(resolver(folder, jar).find(local.toString())).isEqualTo(new ModelPlace.Here("two", local));
        assertThatThrownBy(() -> resolver(working, jar).find("one-and-a-half"))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith("MODEL_NAME=one-and-a-half is not found")
                .hasMessageEndingWith("near names here: one");
    }

    private ModelResolver resolver(Path working, Path jar) {
        var settings = new HubSettings(URI.create("http://127.0.0.1:9"), null, folder.resolve("hub"), true);
        return new ModelResolver(working, jar, new Hub(settings));
    }
}
