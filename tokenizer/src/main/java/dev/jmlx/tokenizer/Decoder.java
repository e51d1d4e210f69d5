package dev.jmlx.tokenizer;

import java.util.List;
import java.util.function.Consumer;

/// Turns token spellings back into text; the `decoder` of a `tokenizer.json`.
///
/// Every decoder streams: [SubwordTokenizer] feeds the same stages whether ids come one by one or all at
/// once, so both give the same text. Immutable, any thread; a [Stage] belongs to one.
public sealed interface Decoder {

    /// The state of decoding one sequence of tokens.
    Stage open();

    /// Receives spellings in order and passes on what they become as soon as it is settled.
    @FunctionalInterface
    interface Stage {
        void push(String token, Consumer<String> out);

        /// Passes on what is still held back; called once, at the end.
        default void finish(Consumer<String> out) {}
    }

    /// The parts one after the other.
    record Sequence(List<Decoder> parts) implements Decoder {
        public Sequence {
            parts = List.copyOf(parts);
        }

        @Override
        public Stage open() {
            return new Chain(parts.stream().map(Decoder::open).toList());
        }

        private record Chain(List<Stage> stages) implements Stage {
            @Override
            public void push(String token, Consumer<String> out) {
                push(0, token, out);
            }

            @Override
            public void finish(Consumer<String> out) {
                for (var i = 0; i < stages.size(); i++) {
                    var next = i + 1;
                    stages.get(i).finish(text -> push(next, text, out));
                }
            }

            private void push(int stage, String text, Consumer<String> out) {
                if (stage == stages.size()) {
                    out.accept(text);
                } else {
                    stages.get(stage).push(text, part -> push(stage + 1, part, out));
                }
            }
        }
    }

    /// Reads spellings as letters of [ByteAlphabet], any other spelling as itself, and all bytes as UTF-8.
    record ByteLevel() implements Decoder {
        @Override
        public Stage open() {
            return new ByteLevelStage();
        }
    }

    /// Reads `<0x0A>` as a byte. Bytes that follow one another are UTF-8; each byte of a broken
    /// character becomes one U+FFFD. (The reference gives up a whole run of bytes for one broken
    /// character in it, which no stream can do: here the whole characters before it survive.)
    record ByteFallback() implements Decoder {
        @Override
        public Stage open() {
            return new ByteFallbackStage();
        }
    }

    /// Puts `content` in place of every match within a token.
    record Replace(TextPattern pattern, String content) implements Decoder {
        @Override
        public Stage open() {
            return (token, out) -> out.accept(pattern.replaceAll(token, content));
        }
    }

    /// Joins the tokens into one; in a stream there is nothing to do, what follows sees fragments.
    record Fuse() implements Decoder {
        @Override
        public Stage open() {
            return (token, out) -> out.accept(token);
        }
    }

    /// Removes up to `count` times `content` at the start of the joined text.
    record StripStart(char content, int count) implements Decoder {
        @Override
        public Stage open() {
            return new StripStage(content, count);
        }
    }

    /// Writes `replacement` as a space; with `dropFirst` those of the first token vanish.
    record Metaspace(String replacement, boolean dropFirst) implements Decoder {
        @Override
        public Stage open() {
            return new MetaspaceStage(this);
        }
    }
}
