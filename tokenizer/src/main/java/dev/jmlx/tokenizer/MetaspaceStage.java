package dev.jmlx.tokenizer;

import java.util.function.Consumer;

/// The state of [Decoder.Metaspace]: whether a token has passed yet. One thread.
final class MetaspaceStage implements Decoder.Stage {

    private final Decoder.Metaspace decoder;
    private boolean first = true;

    MetaspaceStage(Decoder.Metaspace decoder) {
        this.decoder = decoder;
    }

    @Override
    public void push(String token, Consumer<String> out) {
        out.accept(token.replace(decoder.replacement(), first && decoder.dropFirst() ? "" : " "));
        first = false;
    }
}
