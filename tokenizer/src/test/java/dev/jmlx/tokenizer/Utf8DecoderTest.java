package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Utf8DecoderTest {

    @ParameterizedTest
    @CsvSource({
        "F09F9880, \uD83D\uDE00, \uD83D\uDE00",
        "E28261, \uFFFDa, \uFFFD\uFFFDa",
        "F09F98, \uFFFD, \uFFFD\uFFFD\uFFFD",
        "EDA080, \uFFFD\uFFFD\uFFFD, \uFFFD\uFFFD\uFFFD",
        "C0AF, \uFFFD\uFFFD, \uFFFD\uFFFD",
        "E080BF, \uFFFD\uFFFD\uFFFD, \uFFFD\uFFFD\uFFFD",
        "F4919293, \uFFFD\uFFFD\uFFFD\uFFFD, \uFFFD\uFFFD\uFFFD\uFFFD",
        "80, \uFFFD, \uFFFD",
        "C3C3A9, \uFFFD\u00E9, \uFFFD\u00E9",
    })
    void replacesBrokenSequencesPerPartOrPerByte(String hex, String perPart, String perByte) {
        var bytes = HexFormat.of().parseHex(hex);

        assertThat(decode(bytes, Utf8Decoder.Broken.ONE_PER_PART)).isEqualTo(perPart);
        assertThat(decode(bytes, Utf8Decoder.Broken.ONE_PER_BYTE)).isEqualTo(perByte);
    }

    @Property
    void readsWhatTheJdkWrites(@ForAll String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);

        assertThat(decode(bytes, Utf8Decoder.Broken.ONE_PER_PART)).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
    }

    private static String decode(byte[] bytes, Utf8Decoder.Broken broken) {
        var decoder = new Utf8Decoder(broken);
        var text = new StringBuilder();
        for (var b : bytes) {
            decoder.push(b, text);
        }
        decoder.finish(text);
        return text.toString();
    }
}
