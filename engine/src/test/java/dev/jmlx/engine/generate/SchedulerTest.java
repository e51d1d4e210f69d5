package dev.jmlx.engine.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.cpu.CpuOps;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SchedulerTest {
    /// A model whose steps all fail, rehearsed ones too, and that notes how many tokens they had.
    private record Failing(Throwable failure, List<Integer> steps) implements Model {
        Failing(Throwable failure) {
            this(failure, new CopyOnWriteArrayList<>());
        }

        @Override
        public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
            steps.add(batch.tokenCount());
            if (failure instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) failure;
        }

        @Override
        public List<LayerShape> cacheShapes() {
            return CacheShape.full(1, 1, 2);
        }

        @Override
        public int vocabSize() {
            return 4;
        }

        @Override
        public int contextLength() {
            return 16;
        }
    }

    private static final GenerationRequest REQUEST =
            new GenerationRequest(new int[] {1, 2}, 3, new int[0], SamplingParams.GREEDY);

    private static Scheduler scheduler(Model model, CpuOps ops, int maxSequences) {
        var caches = new KvCaches(CacheType.F16, model.cacheShapes(), maxSequences, model.contextLength());
        return new Scheduler(model, ops, caches, model.contextLength(), maxSequences, 1);
    }

    private static TokenEvent firstEvent(Throwable failure) throws InterruptedException {
        var scheduler = scheduler(new Failing(failure), new CpuOps(1, Precision.EXACT), 1);
        var thread = Thread.ofPlatform().start(scheduler);
        try {
            var event = scheduler.submit(REQUEST).next();
            assertThat(scheduler.status()).isEqualTo(new EngineStatus(0, 0));
            return event;
        } finally {
            scheduler.stop();
            thread.join();
        }
    }

    @Test
    void failedStepEndsItsRequestWithTheReason() throws InterruptedException {
        assertThat(firstEvent(new IllegalStateException("no device")))
                .isEqualTo(new TokenEvent.Failed("the engine failed: no device"));
    }

    @Test
    void failureWithoutAMessageIsNamedByItsType() throws InterruptedException {
        assertThat(firstEvent(new ArithmeticException()))
                .isEqualTo(new TokenEvent.Failed("the engine failed: ArithmeticException"));
    }

    @Test
    void requestsForFreeSlotsDoNotCountAsWaiting() throws InterruptedException {
        var model = new Failing(new IllegalStateException("no device"));
        var scheduler = scheduler(model, new CpuOps(1, Precision.EXACT), 2);
        var accepted = List.of(scheduler.submit(REQUEST), scheduler.submit(REQUEST), scheduler.submit(REQUEST));
        assertThatExceptionOfType(EngineBusyException.class).isThrownBy(() -> scheduler.submit(REQUEST));
        var thread = Thread.ofPlatform().start(scheduler);
        for (var generation : accepted) {
            assertThat(generation.next()).isEqualTo(new TokenEvent.Failed("the engine failed: no device"));
        }
        scheduler.stop();
        thread.join();
    }

    @Test
    void stepsOfAFewTokensAreRehearsedBeforeTheFirstOfThem() throws InterruptedException {
        assertThat(stepsForPromptOf(2)).containsExactly(1, 4, 2);
    }

    @Test
    void stepsOfOneTokenDoNotWaitForWhatOthersNeed() throws InterruptedException {
        assertThat(stepsForPromptOf(1)).startsWith(1, 1);
    }

    /// The first is the rehearsal's, which ends with it.
    private static List<Integer> stepsForPromptOf(int tokens) throws InterruptedException {
        var model = new Failing(new IllegalStateException("no device"));
        var scheduler = scheduler(model, new CpuOps(1, Precision.EXACT), 1);
        var prompt = new int[tokens];
        var generation = scheduler.submit(new GenerationRequest(prompt, 3, new int[0], SamplingParams.GREEDY));
        var thread = Thread.ofPlatform().start(scheduler);
        assertThat(generation.next()).isInstanceOf(TokenEvent.Failed.class);
        scheduler.stop();
        thread.join();
        return model.steps();
    }

    @Test
    void errorDuringTheWarmUpLeavesTheEngineRunning() throws InterruptedException {
        assertThat(firstEvent(new StackOverflowError("too deep")))
                .isEqualTo(new TokenEvent.Failed("the engine failed: too deep"));
    }

    /// A model whose logits behind token `t` are row `t` of a table.
    private record Table(Matrix rows) implements Model {
        @Override
        public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
            return ops.logitRows(ops.embed(rows, batch), batch);
        }

        @Override
        public List<LayerShape> cacheShapes() {
            return CacheShape.full(1, 1, 2);
        }

        @Override
        public int vocabSize() {
            return rows.cols();
        }

        @Override
        public int contextLength() {
            return 16;
        }
    }

    @Test
    void brokenLogitsEndTheirSequenceAlone() throws InterruptedException {
        try (var memory = Arena.ofShared()) {
            var ops = new CpuOps(2, Precision.EXACT);
            var rows = memory.allocateFrom(ValueLayout.JAVA_FLOAT, 0, 0, 1, 0, Float.NaN, 0, 1, 0, 0, 1);
            var model = new Table(ops.prepare(new Matrix.Dense(rows, DType.F32, 5, 2), memory));
            var scheduler = scheduler(model, ops, 4);
            var good = scheduler.submit(new GenerationRequest(new int[] {0}, 3, new int[0], SamplingParams.GREEDY));
            var bad = scheduler.submit(new GenerationRequest(new int[] {2}, 3, new int[0], SamplingParams.GREEDY));
            var other = scheduler.submit(new GenerationRequest(new int[] {4}, 3, new int[0], SamplingParams.GREEDY));
            var thread = Thread.ofPlatform().start(scheduler);
            assertThat(bad.next())
                    .isEqualTo(new TokenEvent.Failed(
                            "the engine failed: the model computed NaN for token 0; its weights are damaged or out of"
                                    + " range"));
            for (var token : new int[] {0, 0, 0}) {
                assertThat(good.next()).isEqualTo(new TokenEvent.Token(token));
            }
            for (var token : new int[] {1, 0, 0}) {
                assertThat(other.next()).isEqualTo(new TokenEvent.Token(token));
            }
            scheduler.stop();
            thread.join();
        }
    }
}
