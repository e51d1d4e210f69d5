package dev.jmlx.http.messages;

import dev.jmlx.chat.OutputParser;
import dev.jmlx.chat.OutputParsers;
import dev.jmlx.engine.generate.EngineStatus;
import dev.jmlx.engine.generate.FinishReason;
import dev.jmlx.engine.sample.SamplingParams;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A model whose answers are written down beforehand: one token per piece. A prompt has one token per character
/// of its messages. A null in the script is a wait that times out.
final class ScriptedModel implements ChatModel {
    static final int CONTEXT = 100;

    private final List<@Nullable TextEvent> script;
    final List<Integer> askedTokens = new ArrayList<>();
    final List<SamplingParams> askedSampling = new ArrayList<>();

    ScriptedModel(List<@Nullable TextEvent> script) {
        this.script = script;
    }

    /// Says the pieces and ends for `reason`.
    static ScriptedModel saying(FinishReason reason, String... pieces) {
        var script = new ArrayList<@Nullable TextEvent>();
        for (var piece : pieces) {
            script.add(new TextEvent.Piece(piece));
        }
        script.add(new TextEvent.Ended(reason, ""));
        return new ScriptedModel(script);
    }

    static ScriptedModel of(@Nullable TextEvent... script) {
        return new ScriptedModel(Arrays.asList(script));
    }

    @Override
    public int[] encode(Conversation conversation) {
        return new int
                [conversation.messages().stream()
                                .mapToInt(message -> message.content().length())
                                .sum()
                        + conversation.prefill().length()];
    }

    @Override
    public int contextLength() {
        return CONTEXT;
    }

    @Override
    public RequestedSampling recommended() {
        return new RequestedSampling(0.6, 0.95, null);
    }

    @Override
    public OutputParser outputParser() {
        return OutputParsers.forTemplate("").get();
    }

    @Override
    public TextStream generate(int[] promptIds, int maxTokens, SamplingParams sampling) {
        askedTokens.add(maxTokens);
        askedSampling.add(sampling);
        return new Script(
                new ArrayDeque<>(script.stream().map(Optional::ofNullable).toList()));
    }

    @Override
    public EngineStatus status() {
        return new EngineStatus(0, 0);
    }

    private record Script(Deque<Optional<TextEvent>> events) implements TextStream {
        @Override
        public Optional<TextEvent> next(Duration timeout) {
            return events.remove();
        }

        @Override
        public void cancel() {
            events.clear();
        }

        @Override
        public void close() {
            cancel();
        }
    }
}
