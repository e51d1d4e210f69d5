package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DecoderTest {

    private static final Decoder LLAMA = new Decoder.Sequence(List.of(
            new Decoder.Replace(TextPattern.literal("\u2581"), " "),
            new Decoder.ByteFallback(),
            new Decoder.Fuse(),
            new Decoder.StripStart(' ', 1)));

    /// What comes out after each token, and at the end.
    private static List<String> stream(Decoder decoder, String... tokens) {
        var stage = decoder.open();
        var chunks = new ArrayList<String>();
        for (var token : tokens) {
            var chunk = new StringBuilder();
            stage.push(token, chunk::append);
            chunks.add(chunk.toString());
        }
        var rest = new StringBuilder();
        stage.finish(rest::append);
        chunks.add(rest.toString());
        return chunks;
    }

    @Test
    void holdsBytesBackUntilTheirCharacterIsWhole() {
        assertThat(stream(LLAMA, "a", "<0xE4>", "<0xBD>", "<0xA0>", "<0x0A>", "b"))
                .containsExactly("a", "", "", "\u4f60", "\n", "b", "");
    }

    @Test
    void brokenBytesBecomeOneReplacementEachAndSpareTheCharacterBefore() {
        assertThat(stream(LLAMA, "<0xC3>", "<0xA9>", "<0xE4>", "<0xBD>", "a", "<0xC3>"))
                .containsExactly("", "\u00e9", "", "", "\uFFFD\uFFFDa", "", "\uFFFD");
    }

    @Test
    void stripsOnlyTheStartOfTheWholeText() {
        assertThat(stream(LLAMA, "\u2581\u2581a", "\u2581b")).containsExactly(" a", " b", "");
        assertThat(stream(LLAMA, "a", "\u2581b")).containsExactly("a", " b", "");
    }

    @Test
    void tokensThatOnlyLookLikeBytesStayText() {
        assertThat(stream(LLAMA, "<0xZ1>", "<0x1>", "<0xAB]")).containsExactly("<0xZ1>", "<0x1>", "<0xAB]", "");
    }

    @Test
    void byteLevelPassesOnWhatComesBeforeAnIncompleteCharacter() {
        assertThat(stream(new Decoder.ByteLevel(), "\u0120\u00e4\u00bd", "\u0142", "\uff5ctool"))
                .containsExactly(" ", "\u4f60", "\uff5ctool", "");
    }

    @Test
    void metaspaceDropsTheMarksOfTheFirstTokenOnly() {
        assertThat(stream(new Decoder.Metaspace("_", true), "_a", "_b")).containsExactly("a", " b", "");
        assertThat(stream(new Decoder.Metaspace("_", false), "_a", "_b")).containsExactly(" a", " b", "");
    }
}
