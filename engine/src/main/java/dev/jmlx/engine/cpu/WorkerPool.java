package dev.jmlx.engine.cpu;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// A fixed set of threads that run the blocks of one operation at a time.
///
/// [#run] belongs to one thread (the engine thread), which works along and returns when every block is done. Blocks are
/// handed out by an atomic counter, so a worker that the operating system took away delays nothing but its own block.
/// Workers spin between operations, since the next one is usually a microsecond away, and park after about half a
/// millisecond. A call allocates nothing.
final class WorkerPool implements AutoCloseable {
    private static final int SPINS_BEFORE_PARK = 8_000;
    private static final int SPINS_BEFORE_YIELD = 2_000;

    /// A ticket is the epoch, the number of blocks and the next block, so that one atomic read tells them consistently.
    private static final int FIELD_BITS = 24;

    private static final long FIELD_MASK = (1L << FIELD_BITS) - 1;
    private static final VarHandle TICKET;
    private static final VarHandle COMPLETED;

    static {
        try {
            var lookup = MethodHandles.lookup();
            TICKET = lookup.findVarHandle(WorkerPool.class, "ticket", long.class);
            COMPLETED = lookup.findVarHandle(WorkerPool.class, "completed", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Worker[] workers;

    // Written by the caller before the ticket that publishes them; unchanged while a block of that ticket runs.
    private Task task = (_, _) -> {};

    @SuppressWarnings("UnusedVariable") // through TICKET
    private volatile long ticket;

    @SuppressWarnings("UnusedVariable") // through COMPLETED
    private volatile int completed;

    private volatile @Nullable Throwable failure;
    private volatile boolean closed;

    /// Work that falls into numbered blocks. Implementations are long-lived objects with fields for their arguments.
    interface Task {
        /// Computes one block; `worker` is below [WorkerPool#threads] and unique among the blocks running now.
        void run(int worker, int block);
    }

    /// A pool in which `threads` threads compute, the caller of [#run] among them.
    WorkerPool(int threads) {
        workers = new Worker[threads - 1];
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

    /// Runs `blocks` blocks and returns when all are done; what a block throws is thrown here, once all have ended.
    void run(Task work, int blocks) {
        if (blocks <= 1 || workers.length == 0) {
            for (var block = 0; block < blocks; block++) {
                work.run(0, block);
            }
            return;
        }
        if (blocks > FIELD_MASK / 2) {
            throw new IllegalArgumentException(blocks + " blocks; at most " + FIELD_MASK / 2);
        }
        task = work;
        COMPLETED.setOpaque(this, 0);
        var epoch = ((long) TICKET.getOpaque(this) >>> (2 * FIELD_BITS)) + 1;
        TICKET.setVolatile(this, epoch << (2 * FIELD_BITS) | (long) blocks << FIELD_BITS);
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

    /// Takes blocks until the current ticket has none left.
    private void work(int worker) {
        while (hasBlock((long) TICKET.getVolatile(this))) {
            var claimed = (long) TICKET.getAndAdd(this, 1L);
            if (!hasBlock(claimed)) {
                return;
            }
            try {
                task.run(worker, (int) (claimed & FIELD_MASK));
            } catch (Throwable t) {
                failure = t;
            } finally {
                var _ = (int) COMPLETED.getAndAdd(this, 1);
            }
        }
    }

    private static boolean hasBlock(long ticket) {
        return (ticket & FIELD_MASK) < (ticket >>> FIELD_BITS & FIELD_MASK);
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
            var spins = 0;
            while (!closed) {
                if (hasBlock((long) TICKET.getVolatile(WorkerPool.this))) {
                    work(index);
                    spins = 0;
                } else if (++spins < SPINS_BEFORE_PARK) {
                    Thread.onSpinWait();
                } else {
                    park();
                }
            }
        }

        private void park() {
            parked = true;
            // Looked at again after the flag is visible: either we see the ticket, or the caller sees the flag.
            while (!closed && !hasBlock((long) TICKET.getVolatile(WorkerPool.this))) {
                LockSupport.park(WorkerPool.this);
            }
            parked = false;
        }
    }
}
