package dev.jmlx.http.messages;

import dev.jmlx.engine.generate.Generation;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.tokenizer.StreamDecoder;
import java.time.Duration;
import java.util.Optional;

/// A [TextStream] from an engine's [Generation]: its token ids, decoded as they come.
final class GenerationStream implements TextStream {
    private final Generation generation;
    private final StreamDecoder decoder;

    GenerationStream(Generation generation, StreamDecoder decoder) {
        this.generation = generation;
        this.decoder = decoder;
    }

    @Override
    public Optional<TextEvent> next(Duration timeout) throws InterruptedException {
        return generation.next(timeout).map(this::decode);
    }

    private TextEvent decode(TokenEvent event) {
        return switch (event) {
            case TokenEvent.Token token -> new TextEvent.Piece(decoder.push(token.id()));
            case TokenEvent.Finished end -> new TextEvent.Ended(end.reason(), decoder.finish());
            case TokenEvent.Failed failure -> new TextEvent.Failed(failure.message());
        };
    }

    @Override
    public void cancel() {
        generation.cancel();
    }

    @Override
    public void close() {
        generation.cancel();
    }
}
