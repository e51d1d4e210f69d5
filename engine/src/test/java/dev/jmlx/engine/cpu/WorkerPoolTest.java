package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
    @Test
    void runsEveryBlockOnceForEveryNumberOfThreads() {
        for (var threads : new int[] {1, 2, 3, 5}) {
            try (var pool = new WorkerPool(threads)) {
                for (var blocks = 0; blocks < 70; blocks++) {
                    var runs = new AtomicIntegerArray(blocks + 1);
                    pool.run((_, block) -> runs.incrementAndGet(block), blocks);
                    for (var block = 0; block < blocks; block++) {
                        assertThat(runs.get(block)).isEqualTo(1);
                    }
                    assertThat(runs.get(blocks)).isZero();
                }
            }
        }
    }

    @Test
    void returnsOnlyWhenAllBlocksOfManyShortOperationsAreDone() {
        try (var pool = new WorkerPool(4)) {
            var sums = new long[9];
            for (var round = 0L; round < 20_000; round++) {
                var add = round;
                pool.run((_, block) -> sums[block] += add, sums.length);
            }
            assertThat(sums).containsOnly(20_000L * 19_999 / 2);
        }
    }

    @Test
    void givesEachRunningBlockItsOwnWorkerNumber() {
        try (var pool = new WorkerPool(3)) {
            var busy = new AtomicIntegerArray(3);
            var clashes = new LongAdder();
            for (var round = 0; round < 500; round++) {
                pool.run(
                        (worker, _) -> {
                            if (busy.incrementAndGet(worker) != 1) {
                                clashes.increment();
                            }
                            busy.decrementAndGet(worker);
                        },
                        20);
            }
            assertThat(clashes.sum()).isZero();
        }
    }

    @Test
    void bringsAnExceptionToTheCallerAndWorksOn() {
        try (var pool = new WorkerPool(2)) {
            for (var failing = 0; failing < 8; failing++) {
                var chosen = failing;
                assertThatThrownBy(() -> pool.run((_, block) -> failAt(block, chosen), 8))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("block " + chosen);
            }
            var sum = new LongAdder();
            pool.run((_, block) -> sum.add(block), 8);
            assertThat(sum.sum()).isEqualTo(28);
        }
    }

    @Test
    void wakesWorkersThatHaveParked() {
        try (var pool = new WorkerPool(2)) {
            for (var round = 0; round < 3; round++) {
                awaitParked();
                var sum = new LongAdder();
                pool.run((_, block) -> sum.add(block), 100);
                assertThat(sum.sum()).isEqualTo(4950);
            }
        }
    }

    @Test
    void closeEndsTheThreads() {
        var pool = new WorkerPool(3);
        assertThat(workers()).isGreaterThanOrEqualTo(2);
        var before = workers();
        pool.close();
        assertThat(workers()).isEqualTo(before - 2);
    }

    private static void failAt(int block, int failing) {
        if (block == failing) {
            throw new IllegalArgumentException("block " + block);
        }
    }

    private static void awaitParked() {
        var deadline = System.nanoTime() + 5_000_000_000L;
        while (Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("jmlx-cpu-"))
                .anyMatch(thread -> thread.getState() != Thread.State.WAITING)) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static long workers() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("jmlx-cpu-"))
                .count();
    }
}
