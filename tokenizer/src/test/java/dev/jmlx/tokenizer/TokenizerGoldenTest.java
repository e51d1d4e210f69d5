package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Every row of [Goldens], for every tokenizer.
@ParameterizedClass
@MethodSource("names")
class TokenizerGoldenTest {

    private static final Goldens GOLDENS = Goldens.configured();
    private static final Map<Integer, String> TEXTS = GOLDENS.texts();
    private static final Map<String, SubwordTokenizer> TOKENIZERS = new HashMap<>();

    private final SubwordTokenizer tokenizer;
    private final List<JsonNode> rows;
    private final List<JsonNode> streamRows;

    TokenizerGoldenTest(String name) {
        tokenizer = TOKENIZERS.computeIfAbsent(name, GOLDENS::tokenizer);
        rows = GOLDENS.rows(name + ".gold.jsonl.gz");
        streamRows = GOLDENS.rows(name + ".stream.jsonl.gz");
    }

    static Stream<String> names() {
        return GOLDENS.names().stream();
    }

    @Test
    void encodesAsTheReference() {
        check(rows, row -> tokenizer.encode(text(row)), row -> ids(row, "ids"));
    }

    @Test
    void framesAsTheReference() {
        check(
                rows,
                row -> concat(
                        tokenizer.affixes().prefix(),
                        ids(row, "ids"),
                        tokenizer.affixes().suffix()),
                row -> concat(ids(row, "pre"), ids(row, "ids"), ids(row, "post")));
    }

    @Test
    void decodesAsTheReference() {
        check(
                rows,
                row -> tokenizer.decode(ids(row, "ids"), false),
                row -> row.path("dec").asString(text(row)));
    }

    @Test
    void decodesWithoutSpecialTokensAsTheReference() {
        check(
                rows,
                row -> tokenizer.decode(ids(row, "ids"), true),
                row -> row.path("dec_skip").asString(row.path("dec").asString(text(row))));
    }

    /// Whenever the reference passes text on, as much has come from here. While it waits, whole characters
    /// may have come: it also holds back those before an incomplete one, which our contract does not.
    @Test
    void streamsAsSoonAsTheReference() {
        check(
                streamRows,
                row -> streamed(row, tokenizer.encode(text(row))),
                row -> StreamSupport.stream(row.path("chunks").spliterator(), false)
                        .map(chunk -> chunk.asString(""))
                        .toList());
    }

    private List<String> streamed(JsonNode row, int[] ids) {
        var chunks = new ArrayList<String>();
        var decoder = tokenizer.streamDecoder(true);
        var pending = "";
        for (var i = 0; i < ids.length; i++) {
            pending += decoder.push(ids[i]);
            var waits = row.path("chunks").path(i).isNull();
            chunks.add(waits ? "" : pending);
            pending = waits ? pending : "";
        }
        assertThat(pending + decoder.finish())
                .as("rest of text %s", row.path("i"))
                .isEmpty();
        return chunks;
    }

    private interface Value {
        Object of(JsonNode row);
    }

    private static void check(List<JsonNode> rows, Value actual, Value expected) {
        assertThat(rows).isNotEmpty();
        var softly = new SoftAssertions();
        for (var row : rows) {
            softly.assertThat(actual.of(row)).as("text %s", row.path("i")).isEqualTo(expected.of(row));
        }
        softly.assertAll();
    }

    private static String text(JsonNode row) {
        var text = TEXTS.get(row.path("i").intValue());
        assertThat(text).isNotNull();
        return text;
    }

    private static int[] ids(JsonNode row, String key) {
        return StreamSupport.stream(row.path(key).spliterator(), false)
                .mapToInt(JsonNode::intValue)
                .toArray();
    }

    private static int[] concat(int[]... parts) {
        return Stream.of(parts).flatMapToInt(IntStream::of).toArray();
    }
}
