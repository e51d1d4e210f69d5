package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// What holds for any text and any ids, tried on a vocabulary that has all 256 bytes (Qwen3) and one
/// that lacks some (SmolLM2).
class TokenizerPropertyTest {

    private static final Goldens GOLDENS = Goldens.configured();
    private static final SubwordTokenizer QWEN = GOLDENS.tokenizer("qwen3");
    private static final SubwordTokenizer SMOL = GOLDENS.tokenizer("smollm2");

    @Provide
    Arbitrary<String> texts() {
        var code = Arbitraries.strings().ofMaxLength(60).withChars(" \t\n\r'{}()<|>imst09_endAB\u00e9\u4e2d\u0301");
        return Arbitraries.oneOf(Arbitraries.strings().ofMaxLength(60), code)
                .map(text -> text.replace(Tokenizer.PLAIN, 'x'));
    }

    @Provide
    Arbitrary<int[]> ids() {
        return Arbitraries.integers().between(-1, 152_000).array(int[].class).ofMaxSize(40);
    }

    @Property(tries = 300)
    void decodesToTheTextThatWasEncoded(@ForAll("texts") String text) {
        var codePoints = text.codePoints()
                .map(codePoint -> codePoint >= 0xD800 && codePoint <= 0xDFFF ? 0xFFFD : codePoint)
                .toArray();
        var wellFormed = new String(codePoints, 0, codePoints.length);

        assertThat(QWEN.decode(QWEN.encode(text), false))
                .isEqualTo(Normalizer.normalize(wellFormed, Normalizer.Form.NFC));
    }

    @Property(tries = 300)
    void plainTextHasNoSpecialTokens(@ForAll("texts") String before, @ForAll("texts") String after) {
        for (var tokenizer : new SubwordTokenizer[] {QWEN, SMOL}) {
            for (var token : List.of("<|im_end|>", "<|endoftext|>", "<|im_<|im_end|>")) {
                var ids = tokenizer.encode(tokenizer.plainText(_ -> false).apply(before + token + after));

                assertThat(tokenizer.decode(ids, true)).isEqualTo(tokenizer.decode(ids, false));
            }
        }
    }

    @Property(tries = 300)
    void streamsTheSameTextAsItDecodes(@ForAll("ids") int[] ids, @ForAll boolean skipSpecialTokens) {
        for (var tokenizer : new SubwordTokenizer[] {QWEN, SMOL}) {
            var decoder = tokenizer.streamDecoder(skipSpecialTokens);
            var streamed = new StringBuilder();
            for (var id : ids) {
                streamed.append(decoder.push(id));
            }
            streamed.append(decoder.finish());

            assertThat(streamed).hasToString(tokenizer.decode(ids, skipSpecialTokens));
        }
    }

    @Property(tries = 300)
    void idsOfAnyTextAreInRange(@ForAll("texts") String text) {
        assertThat(IntStream.of(SMOL.encode(text))).allMatch(id -> id >= 0 && id < SMOL.size());
    }
}
