package dev.jmlx.tokenizer;

import java.util.OptionalInt;
import java.util.function.Consumer;

/// The state of [Decoder.ByteFallback]: the bytes of an incomplete character. One thread.
final class ByteFallbackStage implements Decoder.Stage {

    private final Utf8Decoder utf8 = new Utf8Decoder(Utf8Decoder.Broken.ONE_PER_BYTE);

    @Override
    public void push(String token, Consumer<String> out) {
        var value = byteOf(token);
        if (value.isPresent()) {
            var text = new StringBuilder();
            utf8.push((byte) value.getAsInt(), text);
            pass(text, out);
        } else {
            finish(out);
            out.accept(token);
        }
    }

    @Override
    public void finish(Consumer<String> out) {
        var text = new StringBuilder();
        utf8.finish(text);
        pass(text, out);
    }

    private static void pass(StringBuilder text, Consumer<String> out) {
        if (!text.isEmpty()) {
            out.accept(text.toString());
        }
    }

    private static OptionalInt byteOf(String token) {
        if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
            return OptionalInt.empty();
        }
        var high = Character.digit(token.charAt(3), 16);
        var low = Character.digit(token.charAt(4), 16);
        return high < 0 || low < 0 ? OptionalInt.empty() : OptionalInt.of((high << 4) | low);
    }
}
