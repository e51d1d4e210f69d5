package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.engine.weights.ModelLoadException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Model folders that cannot be run: each is refused with one sentence that names the cause, at once and
/// without memory for what the folder merely claims.
@Timeout(60)
final class DamagedModelTest {
    private static final String WEIGHTS = "model.safetensors";
    private static final EngineOptions OPTIONS = new EngineOptions("cpu", 1, 8, 8, Precision.FAST, CacheType.F16);

    @TempDir
    Path folder;

    @BeforeEach
    void copyAGoodModel() throws IOException {
        var good = Fixtures.resource("goldens/models").resolve("llama");
        Files.copy(good.resolve("config.json"), folder.resolve("config.json"));
        Files.copy(good.resolve(WEIGHTS), folder.resolve(WEIGHTS));
    }

    /// Puts `"key": value` into `config.json`, in place of what the key had.
    private void configure(String key, String value) throws IOException {
        var file = folder.resolve("config.json");
        var text = Files.readString(file).replace("\"" + key + "\"", "\"former\"");
        Files.writeString(file, text.substring(0, text.lastIndexOf('}')) + ",\"" + key + "\":" + value + "}");
    }

    private void assertRefused(String sentence) {
        assertThatThrownBy(() -> Engine.open(folder, OPTIONS))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining(sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "num_hidden_layers | 1000000000 | model.layers.3.input_layernorm.weight: not in the checkpoint",
                "vocab_size | 2147483647 | model.embed_tokens.weight: expected [2147483647, 16] U32, found [320, 16]",
                "num_attention_heads | 1000 | num_attention_heads 1000 is more than hidden_size 128",
                "rms_norm_eps | 1e400 | \"rms_norm_eps\" must be a number",
                "rms_norm_eps | -1 | \"rms_norm_eps\" must be from 0 to 1, found -1.0",
                "rope_scaling | \"junk\" | \"rope_scaling\" must be an object, found \"junk\"",
                "quantization | [] | \"quantization\" must be an object, found []",
                "layer_types | [\"sliding_attention\"] | layer_types has 1 entries for 3 layers",
                "layer_types | [\"full_attention\",\"a\",\"b\"] | layer_types with \"a\" is not supported",
                "head_dim | 2147483646 | rotary dimensions must be even and at most 65536, found 2147483646",
                "hidden_act | \"relu6\" | hidden_act \"relu6\" is not supported",
                "model_type | \"lama3\" | model_type \"lama3\" is not supported yet; nearest: llama, llama4, gemma3",
            })
    void wrongConfigIsRefused(String key, String value, String sentence) throws IOException {
        configure(key, value);
        assertRefused(sentence);
    }

    @Test
    void messagesShowTheStartOfLongValuesOnly() throws IOException {
        configure("vocab_size", "\"" + "x".repeat(100_000) + "\"");
        assertThatThrownBy(() -> Engine.open(folder, OPTIONS))
                .message()
                .endsWith("xxx...")
                .hasSizeLessThan(250);
    }

    @Test
    void contextWithoutBoundsCostsNothing() throws IOException {
        configure("max_position_embeddings", "2147483647");
        try (var engine = Engine.open(folder, OPTIONS)) {
            // What fits into memory of it.
            assertThat(engine.contextLength()).isGreaterThan(100_000);
        }
    }

    @Test
    void recommendationsOutOfRangeAreRefused() throws IOException {
        Files.writeString(folder.resolve("generation_config.json"), "{\"temperature\":-1}");
        assertRefused("generation_config.json: \"temperature\" must be from 0");
        Files.writeString(folder.resolve("generation_config.json"), "{\"top_p\":7}");
        assertRefused("generation_config.json: \"top_p\" must be from 0 to 1.0, found 7.0");
    }

    @Test
    void shardsMustBeFileNames() throws IOException {
        for (var name : new String[] {"../" + WEIGHTS, "/" + WEIGHTS, "..", "", "a\\u0000b"}) {
            Files.writeString(
                    folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"" + name + "\"}}");
            assertRefused("model.safetensors.index.json: ");
        }
    }

    @Test
    void shardsAreFoundInAFolderThatIsSpelledOddly() throws IOException {
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"" + WEIGHTS + "\"}}");
        var odd = Files.createDirectory(folder.resolve("sub")).resolve("..");
        try (var engine = Engine.open(odd, OPTIONS)) {
            assertThat(engine.contextLength()).isEqualTo(512);
        }
    }

    @Test
    void biasesThatTheArchitectureDoesNotAddAreRefused() throws IOException {
        var name = "model.layers.0.input_layernorm.bias";
        var header = ("{\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[256],\"data_offsets\":[0,1024]}}")
                .getBytes(StandardCharsets.UTF_8);
        var bytes = ByteBuffer.allocate(8 + header.length + 1024).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(
                folder.resolve("model-2.safetensors"),
                bytes.putLong(header.length).put(header).array());
        assertRefused("weights left over: " + name);
    }

    @Test
    void weightsThatAreNoNumbersEndTheRequestWithASentence() throws IOException, InterruptedException {
        var weights = Files.readAllBytes(folder.resolve(WEIGHTS));
        var header = ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).getLong();
        Arrays.fill(weights, (int) header + 8, weights.length, (byte) 0xFF);
        Files.write(folder.resolve(WEIGHTS), weights);
        try (var engine = Engine.open(folder, OPTIONS)) {
            var request = new GenerationRequest(new int[] {1, 2}, 5, new int[0], SamplingParams.GREEDY);
            assertThat(engine.submit(request).next())
                    .isEqualTo(new TokenEvent.Failed("the engine failed: the model computed NaN for token 0;"
                            + " its weights are damaged or out of range"));
        }
    }
}
