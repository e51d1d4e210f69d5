package dev.jmlx.http.messages;

import dev.jmlx.engine.generate.Generation;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.tokenizer.StreamDecoder;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;

/// A [TextStream] from an engine's [Generation]. A virtual thread of its own waits for tokens, so that the reader can
/// wait for a limited time.
final class GenerationStream implements TextStream {
    private static final int AHEAD = 32;

    private final Generation generation;
    private final StreamDecoder decoder;
    private final BlockingQueue<TokenEvent> tokens = new ArrayBlockingQueue<>(AHEAD);
    private final Thread pump;

    GenerationStream(Generation generation, StreamDecoder decoder) {
        this.generation = generation;
        this.decoder = decoder;
        this.pump = Thread.ofVirtual().name("tokens").start(this::pump);
    }

    private void pump() {
        try {
            TokenEvent event;
            do {
                event = generation.next();
                tokens.put(event);
            } while (event instanceof TokenEvent.Token);
        } catch (InterruptedException _) {
            // close() ends the pump so; the generation is cancelled already.
        }
    }

    @Override
    public Optional<TextEvent> next(Duration timeout) throws InterruptedException {
        var event = tokens.poll(timeout.toNanos(), TimeUnit.NANOSECONDS);
        if (event == null) {
            return Optional.empty();
        }
        return Optional.of(
                switch (event) {
                    case TokenEvent.Token token -> new TextEvent.Piece(decoder.push(token.id()));
                    case TokenEvent.Finished end -> new TextEvent.Ended(end.reason(), decoder.finish());
                    case TokenEvent.Failed failure -> new TextEvent.Failed(failure.message());
                });
    }

    @Override
    public void cancel() {
        generation.cancel();
    }

    @Override
    public void close() {
        generation.cancel();
        pump.interrupt();
    }
}
