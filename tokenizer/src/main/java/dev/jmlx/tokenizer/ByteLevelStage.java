package dev.jmlx.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// The state of [Decoder.ByteLevel]: the bytes of an incomplete character. One thread.
final class ByteLevelStage implements Decoder.Stage {

    private final Utf8Decoder utf8 = new Utf8Decoder(Utf8Decoder.Broken.ONE_PER_PART);

    @Override
    public void push(String token, Consumer<String> out) {
        var letters = ByteAlphabet.bytes(token);
        var text = new StringBuilder(token.length());
        for (var b : letters != null ? letters : token.getBytes(StandardCharsets.UTF_8)) {
            utf8.push(b, text);
        }
        if (!text.isEmpty()) {
            out.accept(text.toString());
        }
    }

    @Override
    public void finish(Consumer<String> out) {
        var text = new StringBuilder();
        utf8.finish(text);
        if (!text.isEmpty()) {
            out.accept(text.toString());
        }
    }
}
