package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Damaged and hostile files: each is refused with a sentence or read as a tokenizer that works, soon.
class TokenizerFuzzTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final List<JsonNode> FILES = files();
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String TEXT = "Hello </s> world\n  42 \u00e9\u4e2d aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";

    /// What may stand where something else belongs.
    private static final List<String> JUNK = List.of(
            "null",
            "true",
            "-1",
            "0",
            "2147483648",
            "1e300",
            "\"\"",
            "\"(\"",
            "\"a*a*a*a*a*c\"",
            "\"(a|b|aa)*c\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "[]",
            "{}",
            "[[\"a\",\"b\"],[\"ab\"]]",
            "{\"type\":\"Sequence\",\"normalizers\":[],\"pretokenizers\":[],\"decoders\":[],\"processors\":[]}",
            "{\"Regex\":\"(x+x+)+y\"}",
            "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}");

    private static List<JsonNode> files() {
        try (var in = TokenizerFuzzTest.class.getResourceAsStream("/goldens/small-tokenizers.json")) {
            var files = new ArrayList<JsonNode>();
            JSON.readTree(in).forEach(row -> files.add(row.path("tokenizer")));
            return files;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Property(tries = 1500)
    void replacedPartsAreRefusedOrRead(@ForAll long seed) {
        var random = new Random(seed);
        var file = FILES.get(random.nextInt(FILES.size())).deepCopy();
        for (var i = 0; i <= random.nextInt(3); i++) {
            damage(file, random);
        }
        check(file.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Property(tries = 1500)
    void changedBytesAreRefusedOrRead(@ForAll long seed) {
        var random = new Random(seed);
        var bytes = FILES.get(random.nextInt(FILES.size())).toString().getBytes(StandardCharsets.UTF_8);
        for (var i = 0; i <= random.nextInt(4); i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        check(random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes);
    }

    /// Replaces, removes or copies one part of `node`, at any depth.
    private static void damage(JsonNode node, Random random) {
        var parents = new ArrayList<JsonNode>();
        collect(node, parents);
        var parent = parents.get(random.nextInt(parents.size()));
        var junk = random.nextInt(4) == 0
                ? parents.get(random.nextInt(parents.size())).deepCopy()
                : JSON.readTree(JUNK.get(random.nextInt(JUNK.size())));
        if (parent instanceof ObjectNode object && !object.isEmpty()) {
            var name = new ArrayList<>(object.propertyNames()).get(random.nextInt(object.size()));
            if (random.nextInt(5) == 0) {
                object.remove(name);
            } else {
                object.set(name, junk);
            }
        } else if (parent instanceof ArrayNode array) {
            array.insert(random.nextInt(array.size() + 1), junk);
        }
    }

    private static void collect(JsonNode node, List<JsonNode> parents) {
        if (node.isContainer()) {
            parents.add(node);
            node.forEach(child -> collect(child, parents));
        }
    }

    private static void check(byte[] json) {
        assertTimeoutPreemptively(LIMIT, () -> {
            SubwordTokenizer tokenizer;
            try {
                tokenizer = TokenizerJson.read(new ByteArrayInputStream(json));
            } catch (TokenizerLoadException e) {
                assertThat(e.getMessage()).startsWith("tokenizer.json").hasSizeLessThan(500);
                return;
            }
            try {
                var ids = tokenizer.encode(TEXT);
                assertThat(tokenizer.decode(ids, false)).isNotNull();
            } catch (PatternLimitException e) {
                assertThat(e.getMessage()).startsWith("tokenizer.json");
            }
        });
    }
}
