package dev.jmlx.tokenizer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Pattern;

/// What sentencepiece rewrites before it cuts (`precompiled_charsmap`): a double-array trie over UTF-8 and the
/// texts that its leaves point at. Immutable, any thread.
///
/// Looked up is a whole grapheme of fewer than six bytes, else each of its characters; what the trie does not
/// have stays. Source: sentencepiece `normalizer.cc`, Hugging Face's `spm_precompiled`.
final class CharacterMap {
    private static final Pattern GRAPHEME = Pattern.compile("\\X");

    /// Bytes of a grapheme that is not looked up as a whole any more.
    private static final int LONG_GRAPHEME = 6;

    private static final int NONE = -1;

    private final int[] units;
    private final byte[] texts;

    private CharacterMap(int[] units, byte[] texts) {
        this.units = units;
        this.texts = texts;
    }

    /// Reads `charsmap`: base64 of the trie's size in bytes, the trie, and the texts, each with a zero behind
    /// it. Throws [IllegalArgumentException] for anything else.
    static CharacterMap read(String charsmap) {
        var data = ByteBuffer.wrap(Base64.getDecoder().decode(charsmap)).order(ByteOrder.LITTLE_ENDIAN);
        var size = data.remaining() < Integer.BYTES ? -1 : data.getInt();
        if (size < Integer.BYTES || size % Integer.BYTES != 0 || size > data.remaining()) {
            throw new IllegalArgumentException("its trie does not fit into it");
        }
        var units = new int[size / Integer.BYTES];
        data.asIntBuffer().get(units);
        var texts = new byte[data.remaining() - size];
        data.get(data.position() + size, texts);
        return new CharacterMap(units, texts);
    }

    String apply(String text) {
        var out = new StringBuilder(text.length());
        var graphemes = GRAPHEME.matcher(text);
        while (graphemes.find()) {
            append(graphemes.group(), out);
        }
        return out.toString();
    }

    private void append(String grapheme, StringBuilder out) {
        var bytes = grapheme.getBytes(StandardCharsets.UTF_8);
        if (bytes.length < LONG_GRAPHEME) {
            var at = find(bytes);
            if (at != NONE) {
                out.append(textAt(at));
                return;
            }
        }
        for (int i = 0, end; i < grapheme.length(); i = end) {
            end = i + Character.charCount(grapheme.codePointAt(i));
            var character = grapheme.substring(i, end);
            var at = find(character.getBytes(StandardCharsets.UTF_8));
            out.append(at == NONE ? character : textAt(at));
        }
    }

    /// Where the text for the shortest beginning of `key` that the trie has stands, or [#NONE].
    private int find(byte[] key) {
        var node = offset(unit(0));
        for (var b : key) {
            if (b == 0) {
                return NONE;
            }
            node ^= b & 0xFF;
            var unit = unit(node);
            if ((unit & 0x8000_00FF) != (b & 0xFF)) {
                return NONE;
            }
            node ^= offset(unit);
            if (((unit >>> 8) & 1) == 1) {
                return unit(node) & 0x7FFF_FFFF;
            }
        }
        return NONE;
    }

    /// A damaged trie can lead anywhere.
    private int unit(int node) {
        return node >= 0 && node < units.length ? units[node] : 0;
    }

    private static int offset(int unit) {
        return (unit >>> 10) << ((unit & (1 << 9)) >>> 6);
    }

    private String textAt(int start) {
        if (start >= texts.length) {
            return "";
        }
        var end = start;
        while (end < texts.length && texts[end] != 0) {
            end++;
        }
        return new String(texts, start, end - start, StandardCharsets.UTF_8);
    }
}
