package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Tokenizers of a few tokens that reach what the published ones do not: every component and option,
/// with what the reference (Hugging Face's `tokenizers` 0.23.3) makes of random texts.
class SmallTokenizersTest {

    /// A row: a tokenizer and its cases, shown by its name.
    record Small(String name, JsonNode tokenizer, JsonNode cases) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Small> rows() throws IOException {
        try (var in = SmallTokenizersTest.class.getResourceAsStream("/goldens/small-tokenizers.json")) {
            assertThat(in).isNotNull();
            var rows = new JsonMapper().readTree(in);
            return StreamSupport.stream(rows.spliterator(), false)
                    .map(row -> new Small(row.path("name").stringValue(), row.path("tokenizer"), row.path("cases")));
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void encodesAndDecodesAsTheReference(Small small) {
        var json = small.tokenizer.toString().getBytes(StandardCharsets.UTF_8);
        var tokenizer = TokenizerJson.read(new ByteArrayInputStream(json));

        var plain = tokenizer.plainText(_ -> false);

        assertThat(small.cases).isNotEmpty();
        for (var row : small.cases) {
            var text = row.path("text").stringValue();
            var ids = tokenizer.encode(text);
            assertThat(ids).as("ids of \"%s\"", text).isEqualTo(ints(row.path("ids")));
            assertThat(framed(tokenizer.affixes(), ids)).isEqualTo(ints(row.path("framed")));
            assertThat(tokenizer.decode(ids, false))
                    .isEqualTo(row.path("decoded").stringValue());
            assertThat(tokenizer.decode(ids, true)).isEqualTo(row.path("plain").stringValue());
            if (!row.path("as_text").isNull()) {
                assertThat(tokenizer.encode(plain.apply(text)))
                        .as("ids of \"%s\" as text", text)
                        .isEqualTo(ints(row.path("as_text")));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("rows")
    void plainTextNeverBecomesASpecialToken(Small small) {
        var json = small.tokenizer.toString().getBytes(StandardCharsets.UTF_8);
        var tokenizer = TokenizerJson.read(new ByteArrayInputStream(json));
        var plain = tokenizer.plainText(_ -> false);

        for (var token : List.of("<s>", "</s>")) {
            var id = tokenizer.idOf(token).orElse(-1);
            if (id < 0) {
                continue; // not every one of them has both
            }
            for (var text : List.of(token, "a" + token + "b", "a " + token + " b", token + token)) {
                assertThat(tokenizer.encode(text)).contains(id);
                assertThat(tokenizer.encode(plain.apply(text)))
                        .as("ids of \"%s\" as text", text)
                        .doesNotContain(id);
            }
        }
    }

    private static int[] framed(Affixes affixes, int[] ids) {
        return Stream.of(affixes.prefix(), ids, affixes.suffix())
                .flatMapToInt(IntStream::of)
                .toArray();
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }
}
