package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenizerJsonTest {

    private static final String SMALL = """
            {"added_tokens": [{"id": 4, "content": "<end>", "special": true}],
             "decoder": {"type": "ByteLevel"},
             "pre_tokenizer": null,
             "model": {"type": "BPE", "merges": ["a b"], "vocab": {"a": 0, "b": 1, "ab": 2}}}
            """;

    private static SubwordTokenizer read(String json) {
        return TokenizerJson.read(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void loadsTheFileOfAFolder(@TempDir Path folder) throws IOException {
        Files.writeString(folder.resolve("tokenizer.json"), SMALL);

        assertThat(TokenizerJson.load(folder).encode("bab<end>a")).containsExactly(1, 2, 4, 0);
    }

    @Test
    void knowsTokensByTheirSpelling() {
        var tokenizer = read(SMALL);

        assertThat(tokenizer.idOf("ab")).hasValue(2);
        assertThat(tokenizer.idOf("<end>")).hasValue(4);
        assertThat(tokenizer.idOf("c")).isEmpty();
        assertThat(tokenizer.size()).isEqualTo(5);
    }

    @Test
    void idsThatNoTokenHasDecodeToNothing() {
        assertThat(read(SMALL).decode(new int[] {-1, 2, 3, 5, Integer.MAX_VALUE}, false))
                .isEqualTo("ab");
    }

    @ParameterizedTest
    @CsvSource({"a*a*a*a*a*c, aaaaaaaaaa, takes too long on a text of 1001 characters", "(a|b)*c, abab, goes too deep"})
    void hostilePatternsEndInASentence(String pattern, String part, String sentence) {
        var split = "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"" + pattern
                + "\"}, \"behavior\": \"Isolated\", \"invert\": false}";
        var tokenizer = read(SMALL.replace("\"pre_tokenizer\": null", "\"pre_tokenizer\": " + split));
        var text = part.repeat(part.length() == 10 ? 100 : 100_000) + "b";

        assertThatThrownBy(() -> tokenizer.encode(text))
                .isInstanceOf(PatternLimitException.class)
                .hasMessageStartingWith("tokenizer.json")
                .hasMessageContaining(sentence);
    }

    @Test
    void takesMergesThatComeBeforeTheVocabulary() {
        assertThat(read(SMALL).encode("ab")).containsExactly(2);
    }

    @Test
    void loneSurrogatesCountAsReplacementCharacters() {
        var json = SMALL.replace("\"ab\": 2", "\"ab\": 2, \"\uFFFD\": 3");

        assertThat(read(json).encode("a\uD83Db\uDE00")).containsExactly(0, 3, 1, 3);
    }

    @Test
    void namesTheFolderThatLacksTheFile(@TempDir Path folder) {
        assertThatThrownBy(() -> TokenizerJson.load(folder))
                .isInstanceOf(TokenizerLoadException.class)
                .hasMessageContaining(folder.resolve("tokenizer.json").toString())
                .hasMessageContaining("no such file");
    }

    /// What is put in place of what, and what the complaint says.
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            quoteCharacter = '~',
            value = {
                "{\"added # [{\"added #tokenizer.json must be an object",
                "\"merges\": #\"merges\" #tokenizer.json is not valid JSON: Unexpected character",
                "\"model\": #\"other\": #tokenizer.json: model is missing",
                "\"BPE\" #\"WordPiece\" #tokenizer.json: model type \"WordPiece\" is not supported; supported: BPE, Unigram",
                "\"a b\" #\"a x\" #tokenizer.json: model.merges[] names the token \"x\", which vocab does not have",
                "\"a b\" #\"ab\" #tokenizer.json: model.merges[]: \"ab\" must be two tokens with a space between",
                "\"a b\" #[\"a\"] #tokenizer.json: model.merges[]: expected VALUE_STRING, found END_ARRAY",
                "\"ab\": 2 #\"ab\": \"2\" #tokenizer.json: model.vocab: expected VALUE_NUMBER_INT, found VALUE_STRING",
                "\"ab\": 2 #\"ab\": -2 #tokenizer.json: model.vocab: the token \"ab\" has the id -2",
                "\"BPE\", #\"BPE\", \"unk_token\": \"u\", #tokenizer.json: model.unk_token names the token \"u\"",
                "\"BPE\", #\"BPE\", \"end_of_word_suffix\": \"_\", #tokenizer.json: model.end_of_word_suffix is not",
                "\"BPE\", #\"BPE\", \"fuse_unk\": 1, #tokenizer.json: model.fuse_unk must be true or false, found 1",
                "null, #{\"type\": \"Foo\"}, #tokenizer.json: pre_tokenizer type \"Foo\" is not supported; supported: Seq",
                "null, #{\"type\": 3}, #tokenizer.json: pre_tokenizer.type must be a string, found 3",
                "null, #[], #tokenizer.json: pre_tokenizer must be an object, found an array",
                "null, #{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Bar\"}]}, "
                        + "#tokenizer.json: pre_tokenizer.pretokenizers[] type \"Bar\" is not supported",
                "null, #{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}, "
                        + "#tokenizer.json: pre_tokenizer.pattern.Regex \"(\" is not a supported expression",
                "null, #{\"type\": \"Split\", \"pattern\": {\"String\": \"(\"}, \"behavior\": \"Odd\"}, "
                        + "#tokenizer.json: pre_tokenizer.behavior \"Odd\" is not supported",
                "null, #null, \"normalizer\": {\"type\": \"Foo\"}, #tokenizer.json: normalizer type \"Foo\"",
                "null, #null, \"post_processor\": {\"type\": \"Foo\"}, #tokenizer.json: post_processor type \"Foo\"",
                "\"ByteLevel\" #\"Foo\" #tokenizer.json: decoder type \"Foo\" is not supported; supported: Sequence",
                "\"ByteLevel\" #\"Strip\", \"content\": \" \" #tokenizer.json: decoder: Strip is supported only after",
                "\"decoder\" #\"other\" #tokenizer.json: decoder must be an object, found nothing",
                "\"id\": 4 #\"id\": \"4\" #tokenizer.json: added_tokens[].id must be a whole number from 0 to 16777215, found \"4\"",
            })
    void refusesWithTheFileAndTheKey(String from, String to, String message) {
        assertThat(SMALL).contains(from);
        assertThatThrownBy(() -> read(SMALL.replace(from, to)))
                .isInstanceOf(TokenizerLoadException.class)
                .hasMessageContaining(message);
    }

    @Test
    void refusesDecodersThatCannotStream() {
        var fused = "\"Sequence\", \"decoders\": [{\"type\": \"Fuse\"}, {\"type\": \"ByteFallback\"}]";

        assertThatThrownBy(() -> read(SMALL.replace("\"ByteLevel\"", fused)))
                .isInstanceOf(TokenizerLoadException.class)
                .hasMessageContaining("decoder.decoders[]: ByteFallback after Fuse or ByteLevel is not supported");
    }
}
