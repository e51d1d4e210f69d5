package dev.jmlx.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The 256 printable characters that stand for bytes in a byte-level vocabulary.
///
/// Printable Latin-1 bytes stand for themselves, the others follow from U+0100 on in byte order
/// (the `bytes_to_unicode` table of GPT-2). Stateless; any thread.
final class ByteAlphabet {

    private static final char[] CHARS = chars();
    private static final short[] BYTES = bytes();

    private ByteAlphabet() {}

    /// `text` in UTF-8, one letter of the alphabet per byte.
    static String spell(String text) {
        var utf8 = text.getBytes(StandardCharsets.UTF_8);
        var letters = new char[utf8.length];
        for (var i = 0; i < utf8.length; i++) {
            letters[i] = CHARS[utf8[i] & 0xFF];
        }
        return new String(letters);
    }

    /// The bytes that `letters` stand for, or null if one of them is not in the alphabet.
    static byte @Nullable [] bytes(String letters) {
        var bytes = new byte[letters.length()];
        for (var i = 0; i < bytes.length; i++) {
            var letter = letters.charAt(i);
            if (letter >= BYTES.length || BYTES[letter] < 0) {
                return null;
            }
            bytes[i] = (byte) BYTES[letter];
        }
        return bytes;
    }

    private static char[] chars() {
        var chars = new char[256];
        var next = 256;
        for (var b = 0; b < 256; b++) {
            var printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
            chars[b] = (char) (printable ? b : next++);
        }
        return chars;
    }

    private static short[] bytes() {
        var bytes = new short[256 + 68];
        Arrays.fill(bytes, (short) -1);
        for (var b = 0; b < 256; b++) {
            bytes[CHARS[b]] = (short) b;
        }
        return bytes;
    }
}
