package dev.jmlx.engine.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed set of threads that run the blocks of one operation at a time.
///
/// [#run] belongs to one thread (the engine thread), which works along and returns when every block is done.
/// Each thread has a range of consecutive blocks of its own and takes from it in order, so that it reads memory
/// in one sequence, as the hardware's prefetchers want it; blocks dealt out in turns cost half of the memory
/// bandwidth. A thread whose range is used up helps with the others', so cores of different speed and threads
/// that the operating system took away delay nothing but their running block. Workers spin between operations,
/// since the next one is usually a microsecond away, and park after about half a millisecond. A call allocates
/// nothing.
final class WorkerPool implements AutoCloseable {
    private static final int SPINS_BEFORE_PARK = 8_000;
    private static final int SPINS_BEFORE_YIELD = 2_000;

    /// A range's end and its next block in one long, so that one atomic read tells both.
    private static final int FIELD_BITS = 31;

    private static final long FIELD_MASK = (1L << FIELD_BITS) - 1;

    /// Longs from one range to the next: two cache lines, as processors fetch them in pairs.
    private static final int STRIDE = 16;

    private static final VarHandle RANGE = MethodHandles.arrayElementVarHandle(long[].class);
    private static final VarHandle EPOCH;
    private static final VarHandle COMPLETED;

    static {
        try {
            var lookup = MethodHandles.lookup();
            EPOCH = lookup.findVarHandle(WorkerPool.class, "epoch", int.class);
            COMPLETED = lookup.findVarHandle(WorkerPool.class, "completed", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Worker[] workers;

    private final long[] ranges;

    // Written by the caller before the epoch that publishes them; unchanged while a block of that epoch runs.
    private Task task = (_, _) -> {};

    @SuppressWarnings("UnusedVariable") // through EPOCH
    private volatile int epoch;

    @SuppressWarnings("UnusedVariable") // through COMPLETED
    private volatile int completed;

    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    /// Work that falls into numbered blocks. Implementations are long-lived objects with fields for
    /// their arguments.
    interface Task {
        /// Computes one block; `worker` is below [WorkerPool#threads] and unique among the blocks
        /// running now.
        void run(int worker, int block);
    }

    /// A pool in which `threads` threads compute, the caller of [#run] among them.
    WorkerPool(int threads) {
        workers = new Worker[threads - 1];
        ranges = new long[(threads + 1) * STRIDE];
        for (var i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
        }
        for (var worker : workers) {
            worker.start();
        }
    }

    int threads() {
        return workers.length + 1;
    }

    /// Runs `blocks` blocks and returns when all are done; what a block throws is thrown here, once all
    /// have ended.
    void run(Task work, int blocks) {
        if (blocks <= 1 || workers.length == 0) {
            for (var block = 0; block < blocks; block++) {
                work.run(0, block);
            }
            return;
        }
        task = work;
        COMPLETED.setOpaque(this, 0);
        var threads = threads();
        for (var i = 0; i < threads; i++) {
            var start = (long) blocks * i / threads;
            var end = (long) blocks * (i + 1) / threads;
            RANGE.setRelease(ranges, (i + 1) * STRIDE, end << FIELD_BITS | start);
        }
        EPOCH.setVolatile(this, (int) EPOCH.getOpaque(this) + 1);
        wake();
        work(0);
        awaitCompletion(blocks);
        rethrow();
    }

    /// Ends the threads and waits for them.
    @Override
    public void close() {
        closed = true;
        for (var worker : workers) {
            LockSupport.unpark(worker);
        }
        for (var worker : workers) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void wake() {
        for (var worker : workers) {
            if (worker.parked) {
                LockSupport.unpark(worker);
            }
        }
    }

    // Yielding is no scheduling policy here: with fewer cores than threads it lets the awaited worker run.
    @SuppressWarnings("ThreadPriorityCheck")
    private void awaitCompletion(int blocks) {
        for (var spins = 0; (int) COMPLETED.getAcquire(this) < blocks; spins++) {
            if (spins < SPINS_BEFORE_YIELD) {
                Thread.onSpinWait();
            } else {
                Thread.yield();
            }
        }
    }

    private void rethrow() {
        var thrown = failure;
        if (thrown == null) {
            return;
        }
        failure = null;
        switch (thrown) {
            case Error error -> throw error;
            case RuntimeException exception -> throw exception;
            default -> throw new IllegalStateException("a CPU worker failed", thrown);
        }
    }

    /// Runs blocks of the own range, then of the others', until none is left.
    private void work(int worker) {
        var threads = threads();
        var done = 0;
        for (var i = 0; i < threads; i++) {
            var range = worker + i < threads ? worker + i : worker + i - threads;
            done += drain(worker, (range + 1) * STRIDE);
        }
        if (done > 0) {
            var _ = (int) COMPLETED.getAndAdd(this, done);
        }
    }

    private int drain(int worker, int range) {
        var done = 0;
        while (hasBlock((long) RANGE.getAcquire(ranges, range))) {
            var claimed = (long) RANGE.getAndAdd(ranges, range, 1L);
            if (!hasBlock(claimed)) {
                break;
            }
            try {
                task.run(worker, (int) (claimed & FIELD_MASK));
            } catch (Throwable t) {
                failure = t;
            }
            done++;
        }
        return done;
    }

    private static boolean hasBlock(long range) {
        return (range & FIELD_MASK) < (range >>> FIELD_BITS);
    }

    private final class Worker extends Thread {
        private final int index;
        private volatile boolean parked;

        Worker(int index) {
            super("jmlx-cpu-" + index);
            this.index = index;
            setDaemon(true);
        }

        @Override
        public void run() {
            var seen = 0;
            var spins = 0;
            while (!closed) {
                var current = (int) EPOCH.getVolatile(WorkerPool.this);
                if (current != seen) {
                    seen = current;
                    work(index);
                    spins = 0;
                } else if (++spins < SPINS_BEFORE_PARK) {
                    Thread.onSpinWait();
                } else {
                    park(seen);
                }
            }
        }

        private void park(int seen) {
            parked = true;
            // Looked at again after the flag is visible: either we see the epoch, or the caller sees the flag.
            while (!closed && (int) EPOCH.getVolatile(WorkerPool.this) == seen) {
                LockSupport.park(WorkerPool.this);
            }
            parked = false;
        }
    }
}
