package dev.jmlx.engine.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cpu.CpuOps;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SchedulerTest {
    /// A model whose steps all fail.
    private record Failing(RuntimeException failure) implements Model {
        @Override
        public Tensor forward(Ops ops, Batch batch, KvCaches caches) {
            throw failure;
        }

        @Override
        public KvCaches newCaches(CacheType type, int slots, int maxTokens) {
            return new KvCaches(type, 1, slots, maxTokens, 1, 2);
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

    private static TokenEvent firstEvent(RuntimeException failure) throws InterruptedException {
        var scheduler = new Scheduler(new Failing(failure), new CpuOps(1, Precision.EXACT), CacheType.F16, 1, 1);
        var thread = Thread.ofPlatform().start(scheduler);
        try {
            var request = new GenerationRequest(new int[] {1, 2}, 3, new int[0], SamplingParams.GREEDY);
            var event = scheduler.submit(request).next();
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
}
