package dev.jmlx.tokenizer;

import java.util.function.Consumer;

/// The state of [Decoder.StripStart]: how many characters may still be removed. One thread.
final class StripStage implements Decoder.Stage {

    private final char content;
    private int left;

    StripStage(char content, int count) {
        this.content = content;
        this.left = count;
    }

    @Override
    public void push(String token, Consumer<String> out) {
        var start = 0;
        while (left > 0 && start < token.length()) {
            if (token.charAt(start) == content) {
                start++;
                left--;
            } else {
                left = 0;
            }
        }
        out.accept(token.substring(start));
    }
}
