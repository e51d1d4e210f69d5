package dev.jmlx.http.messages;

import dev.jmlx.chat.OutputEvent;
import dev.jmlx.chat.OutputParser;
import dev.jmlx.chat.StopMatcher;
import dev.jmlx.engine.generate.FinishReason;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.ErrorType;
import dev.jmlx.http.RandomId;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the events of one answer out of generated text: stop sequences, then tool calls, then content blocks.
/// One per answer, one thread. A client hears something at least every `keepAlive`, also during a long prefill
/// and while a tool call is held back.
final class AnswerWriter {
    private final AnswerPlan plan;
    private final TextStream text;
    private final OutputParser parser;
    private final EventSink sink;
    private final Duration keepAlive;
    private final StopMatcher stops;
    private final AnswerBlocks blocks;
    private int outputTokens;
    private @Nullable String stopSequence;
    private long lastEvent = System.nanoTime();

    AnswerWriter(AnswerPlan plan, TextStream text, OutputParser parser, EventSink sink, Duration keepAlive) {
        this.plan = plan;
        this.text = text;
        this.parser = parser;
        this.sink = sink;
        this.keepAlive = keepAlive;
        this.stops = new StopMatcher(plan.request().answering().stopSequences());
        this.blocks = new AnswerBlocks(this::send);
    }

    /// Writes the whole answer. Throws [ApiException] when the engine fails or the answer is cancelled.
    void write() throws InterruptedException {
        send(new StreamEvent.MessageStart(RandomId.of("msg_"), plan.request().model(), plan.prompt().length));
        @Nullable StopReason reason = null;
        while (reason == null) {
            var event = text.next(untilKeepAlive());
            reason = event.isPresent() ? take(event.get()) : null;
            if (reason == null && untilKeepAlive().isZero()) {
                blocks.keepAlive();
            }
        }
        blocks.finish();
        send(new StreamEvent.MessageDelta(reason, stopSequence, outputTokens));
        send(new StreamEvent.MessageStop());
    }

    /// The reason to stop; null while the answer goes on.
    private @Nullable StopReason take(TextEvent event) throws InterruptedException {
        return switch (event) {
            case TextEvent.Piece piece -> {
                outputTokens++;
                yield push(piece.text());
            }
            case TextEvent.Ended end -> {
                var stopped = push(end.text());
                yield stopped == null ? end(end.reason()) : stopped;
            }
            case TextEvent.Failed failure -> throw new ApiException(ErrorType.API, failure.message());
        };
    }

    private @Nullable StopReason push(String piece) throws InterruptedException {
        var result = stops.push(piece);
        add(parser.push(result.text()));
        stopSequence = result.matchedStop();
        if (stopSequence != null) {
            add(parser.finish());
            return StopReason.STOP_SEQUENCE;
        }
        return blocks.hasToolUse() && plan.request().toolChoice().single() ? StopReason.TOOL_USE : null;
    }

    private StopReason end(FinishReason reason) throws InterruptedException {
        add(parser.push(stops.finish().text()));
        add(parser.finish());
        return switch (reason) {
            case END_OF_SEQUENCE -> blocks.hasToolUse() ? StopReason.TOOL_USE : StopReason.END_TURN;
            case MAX_TOKENS -> plan.clamped() ? StopReason.MODEL_CONTEXT_WINDOW_EXCEEDED : StopReason.MAX_TOKENS;
            case CONTEXT_FULL -> StopReason.MODEL_CONTEXT_WINDOW_EXCEEDED;
            case CANCELLED ->
                throw ApiException.overloaded("the answer was cancelled: the server ends, or the client has gone");
        };
    }

    private void add(List<OutputEvent> events) throws InterruptedException {
        for (var event : events) {
            blocks.add(event);
            if (blocks.hasToolUse() && plan.request().toolChoice().single()) {
                return;
            }
        }
    }

    private void send(StreamEvent event) throws InterruptedException {
        sink.accept(event);
        lastEvent = System.nanoTime();
    }

    private Duration untilKeepAlive() {
        var remaining = keepAlive.minusNanos(System.nanoTime() - lastEvent);
        return remaining.isNegative() ? Duration.ZERO : remaining;
    }
}
