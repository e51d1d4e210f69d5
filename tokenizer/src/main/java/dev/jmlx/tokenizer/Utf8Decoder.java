package dev.jmlx.tokenizer;

/// Turns bytes that arrive one by one into text, holding back only an incomplete character.
///
/// A broken sequence becomes one U+FFFD per byte or per maximal part of it, as [Broken] says.
/// (`new String(bytes, UTF_8)` does neither for encoded surrogates.)
/// One per generation, one thread.
final class Utf8Decoder {

    /// How many U+FFFD a broken sequence becomes: one as Unicode recommends (chapter 3.9), or one per byte.
    enum Broken {
        ONE_PER_PART,
        ONE_PER_BYTE
    }

    private static final String REPLACEMENT = "\uFFFD";

    private final Broken broken;
    private int codePoint;
    private int missing;
    private int held;
    // The bounds of the next byte: tighter than 80..BF after E0, ED, F0 and F4.
    private int lowest = 0x80;
    private int highest = 0xBF;

    Utf8Decoder(Broken broken) {
        this.broken = broken;
    }

    /// Takes one byte and appends what it completes to `out`.
    void push(byte value, StringBuilder out) {
        var b = value & 0xFF;
        if (missing == 0) {
            start(b, out);
        } else if (b < lowest || b > highest) {
            finish(out);
            start(b, out);
        } else {
            proceed(b, out);
        }
    }

    /// Gives up what is held back; the next byte starts a character.
    void finish(StringBuilder out) {
        if (held > 0) {
            out.repeat(REPLACEMENT, broken == Broken.ONE_PER_BYTE ? held : 1);
        }
        missing = 0;
        held = 0;
        lowest = 0x80;
        highest = 0xBF;
    }

    private void start(int b, StringBuilder out) {
        if (b < 0x80) {
            out.append((char) b);
        } else if (b >= 0xC2 && b <= 0xDF) {
            expect(b & 0x1F, 1);
        } else if (b >= 0xE0 && b <= 0xEF) {
            expect(b & 0x0F, 2);
            lowest = b == 0xE0 ? 0xA0 : 0x80;
            highest = b == 0xED ? 0x9F : 0xBF;
        } else if (b >= 0xF0 && b <= 0xF4) {
            expect(b & 0x07, 3);
            lowest = b == 0xF0 ? 0x90 : 0x80;
            highest = b == 0xF4 ? 0x8F : 0xBF;
        } else {
            out.append(REPLACEMENT);
        }
    }

    private void expect(int leadBits, int following) {
        codePoint = leadBits;
        missing = following;
        held = 1;
    }

    private void proceed(int b, StringBuilder out) {
        codePoint = (codePoint << 6) | (b & 0x3F);
        lowest = 0x80;
        highest = 0xBF;
        held++;
        if (--missing == 0) {
            out.appendCodePoint(codePoint);
            held = 0;
        }
    }
}
