package dev.jmlx.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;

/// The tokens `<0x00>` to `<0xFF>`, which spell what a vocabulary lacks. Immutable, any thread.
final class ByteTokens {
    private final int[] ids = new int[256];

    /// Those of `vocabulary`, or none where they are not `used`.
    ByteTokens(Vocabulary vocabulary, boolean used) {
        Arrays.fill(ids, Vocabulary.NONE);
        if (used) {
            var hex = HexFormat.of().withUpperCase();
            for (var b = 0; b < ids.length; b++) {
                ids[b] = vocabulary.id("<0x" + hex.toHexDigits((byte) b) + ">");
            }
        }
    }

    /// Appends the bytes of `text`, or nothing and returns false when one of them is no token.
    boolean add(String text, IdList out) {
        var utf8 = text.getBytes(StandardCharsets.UTF_8);
        for (var b : utf8) {
            if (ids[b & 0xFF] == Vocabulary.NONE) {
                return false;
            }
        }
        for (var b : utf8) {
            out.add(ids[b & 0xFF]);
        }
        return true;
    }
}
