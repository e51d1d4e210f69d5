package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineBusyException;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.EngineStatus;
import dev.jmlx.engine.generate.FinishReason;
import dev.jmlx.engine.generate.Generation;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.sample.SamplingParams;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The engine's promises to its callers, on a tiny checkpoint with a context of 512 tokens.
@Timeout(60)
final class EngineTest {
    private static final int CONTEXT = 512;
    private static final int VOCABULARY = 320;

    /// Far more than a machine needs that has nothing else to do.
    private static final Duration COMPILED_WITHIN = Duration.ofSeconds(60);

    private Engine engine = open(4, 8, Precision.FAST);

    private static Engine open(int maxSequences, int maxWaiting, Precision precision) {
        return Engine.open(
                Fixtures.resource("goldens/models").resolve("llama"),
                new EngineOptions("cpu", 2, maxSequences, maxWaiting, precision, CacheType.F16));
    }

    private void reopen(int maxSequences, int maxWaiting) {
        reopen(maxSequences, maxWaiting, Precision.FAST);
    }

    private void reopen(int maxSequences, int maxWaiting, Precision precision) {
        engine.close();
        engine = open(maxSequences, maxWaiting, precision);
    }

    @AfterEach
    void close() {
        engine.close();
    }

    private static GenerationRequest greedy(int[] prompt, int maxTokens, int... stops) {
        return new GenerationRequest(prompt, maxTokens, stops, SamplingParams.GREEDY);
    }

    private static int[] prompt(int seed, int length) {
        return new Random(seed).ints(length, 0, VOCABULARY).toArray();
    }

    /// All tokens of a generation, then its end.
    private record Answer(List<Integer> tokens, TokenEvent end) {}

    private static Answer read(Generation generation) throws InterruptedException {
        var tokens = new ArrayList<Integer>();
        while (true) {
            var event = generation.next();
            if (event instanceof TokenEvent.Token(var id)) {
                tokens.add(id);
            } else {
                return new Answer(tokens, event);
            }
        }
    }

    private static TokenEvent finished(FinishReason reason) {
        return new TokenEvent.Finished(reason);
    }

    @Test
    void requestsThatShareStepsGetWhatEachGetsAlone() throws InterruptedException {
        reopen(4, 8, Precision.EXACT); // otherwise a short prompt is rounded with the long one beside it
        var lengths = new int[] {1, 300, 17, 64, 65, 2, 130, 9};
        var alone = new ArrayList<Answer>();
        for (var i = 0; i < lengths.length; i++) {
            alone.add(read(engine.submit(greedy(prompt(i, lengths[i]), 40))));
        }
        var together = new ArrayList<Generation>();
        for (var i = 0; i < lengths.length; i++) {
            together.add(engine.submit(greedy(prompt(i, lengths[i]), 40)));
        }
        for (var i = 0; i < lengths.length; i++) {
            assertThat(read(together.get(i)))
                    .as("prompt of %d tokens", lengths[i])
                    .isEqualTo(alone.get(i));
        }
    }

    @Test
    void endsAtMaxTokens() throws InterruptedException {
        var answer = read(engine.submit(greedy(prompt(1, 5), 3)));
        assertThat(answer.tokens()).hasSize(3);
        assertThat(answer.end()).isEqualTo(finished(FinishReason.MAX_TOKENS));
    }

    @Test
    void endsBeforeAStopId() throws InterruptedException {
        var all = read(engine.submit(greedy(prompt(1, 5), 12))).tokens();
        int stop = all.get(7);
        var answer = read(engine.submit(greedy(prompt(1, 5), 12, VOCABULARY + 5, stop)));
        assertThat(answer.tokens()).isEqualTo(all.subList(0, all.indexOf(stop)));
        assertThat(answer.end()).isEqualTo(finished(FinishReason.END_OF_SEQUENCE));
    }

    @Test
    void endsWhenTheContextIsFull() throws InterruptedException {
        var answer = read(engine.submit(greedy(prompt(1, 500), 1_000_000)));
        assertThat(answer.tokens()).hasSize(CONTEXT - 500);
        assertThat(answer.end()).isEqualTo(finished(FinishReason.CONTEXT_FULL));
    }

    @Test
    void sameSeedSameAnswer() throws InterruptedException {
        var request = new GenerationRequest(prompt(2, 8), 30, new int[0], new SamplingParams(1, 0.9f, 40, 11L));
        var other = new GenerationRequest(prompt(2, 8), 30, new int[0], new SamplingParams(1, 0.9f, 40, 12L));
        assertThat(read(engine.submit(request))).isEqualTo(read(engine.submit(request)));
        assertThat(read(engine.submit(request))).isNotEqualTo(read(engine.submit(other)));
    }

    @Test
    void cancelledRequestsLeaveTheirSlots() throws InterruptedException {
        reopen(1, 4);
        var running = engine.submit(greedy(prompt(1, 5), 500));
        assertThat(running.next()).isInstanceOf(TokenEvent.Token.class);
        var waiting = engine.submit(greedy(prompt(2, 5), 500));
        waiting.cancel();
        running.cancel();
        assertThat(read(waiting).end()).isEqualTo(finished(FinishReason.CANCELLED));
        assertThat(read(running).end()).isEqualTo(finished(FinishReason.CANCELLED));
        assertThat(read(engine.submit(greedy(prompt(3, 5), 2))).tokens()).hasSize(2);
        assertThat(engine.status()).isEqualTo(new EngineStatus(0, 0));
    }

    /// A cancel that comes while the engine looks at the waiting line once made the request vanish
    /// without an end.
    @Test
    void everyoneInACancellingCrowdGetsAnEnd() throws Exception {
        reopen(1, 1000);
        try (var crowd = Executors.newFixedThreadPool(4)) {
            var members = new ArrayList<Future<?>>();
            for (var member = 0; member < 4; member++) {
                members.add(crowd.submit(() -> {
                    for (var i = 0; i < 500; i++) {
                        var generation = engine.submit(greedy(prompt(i, 3), 2));
                        Thread.onSpinWait();
                        generation.cancel();
                        assertThat(read(generation).end()).isInstanceOf(TokenEvent.Finished.class);
                    }
                    return null;
                }));
            }
            for (var member : members) {
                member.get();
            }
        }
        assertThat(engine.status()).isEqualTo(new EngineStatus(0, 0));
    }

    @Test
    void slowReaderStallsNobodyElse() throws InterruptedException {
        reopen(4, 8, Precision.EXACT); // otherwise the two are rounded where they share a step
        var expected = read(engine.submit(greedy(prompt(1, 5), 500)));
        var slow = engine.submit(greedy(prompt(1, 5), 500));
        assertThat(read(engine.submit(greedy(prompt(2, 5), 500))).tokens()).hasSize(500);
        assertThat(read(slow)).isEqualTo(expected);
    }

    @Test
    void fullWaitingLineRefusesAtOnce() throws InterruptedException {
        reopen(1, 1);
        try (var running = engine.submit(greedy(prompt(1, 5), 500))) {
            assertThat(running.next()).isInstanceOf(TokenEvent.Token.class);
            try (var waiting = engine.submit(greedy(prompt(2, 5), 500))) {
                assertThatThrownBy(() -> engine.submit(greedy(prompt(3, 5), 1)))
                        .isInstanceOf(EngineBusyException.class)
                        .hasMessageContaining("1 requests are waiting already");
                running.cancel();
                assertThat(waiting.next()).isInstanceOf(TokenEvent.Token.class);
            }
        }
    }

    @Test
    void closingEndsWhatRunsAndWhatWaits() throws InterruptedException {
        reopen(1, 4);
        var running = engine.submit(greedy(prompt(1, 5), 500));
        var waiting = engine.submit(greedy(prompt(2, 5), 500));
        assertThat(running.next()).isInstanceOf(TokenEvent.Token.class);
        engine.close();
        assertThat(read(running).end()).isEqualTo(finished(FinishReason.CANCELLED));
        assertThat(read(waiting).end()).isEqualTo(finished(FinishReason.CANCELLED));
        assertThatThrownBy(() -> engine.submit(greedy(prompt(1, 5), 1))).hasMessageContaining("the engine is closed");
    }

    @Test
    void refusesRequestsThatCannotRun() {
        assertThatThrownBy(() -> engine.submit(greedy(new int[0], 1))).hasMessageContaining("1 to 511 tokens, found 0");
        assertThatThrownBy(() -> engine.submit(greedy(prompt(1, CONTEXT), 1))).hasMessageContaining("found 512");
        assertThatThrownBy(() -> engine.submit(greedy(prompt(1, 5), 0))).hasMessageContaining("maxTokens");
        assertThatThrownBy(() -> engine.submit(greedy(new int[] {1, VOCABULARY}, 1)))
                .hasMessageContaining("token id 320 is outside the model's vocabulary of 320");
    }

    /// The least of many answers: until a kernel is compiled, its vectors are objects.
    @Test
    void steadyGenerationAllocatesNextToNothing() throws InterruptedException {
        read(engine.submit(greedy(prompt(1, 5), 500)));
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var engineThread = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("jmlx-engine"))
                .mapToLong(Thread::threadId)
                .max()
                .orElseThrow();
        var least = Long.MAX_VALUE;
        var end = System.nanoTime() + COMPILED_WITHIN.toNanos();
        while (least >= 256 && System.nanoTime() < end) {
            var before = threads.getThreadAllocatedBytes(engineThread);
            read(engine.submit(greedy(prompt(1, 5), 500)));
            least = Math.min(least, (threads.getThreadAllocatedBytes(engineThread) - before) / 500);
        }
        assertThat(least).as("bytes per token").isLessThan(256);
    }
}
