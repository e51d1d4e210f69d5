package dev.jmlx.engine.cpu;

/// One operation of a [Rehearsal] on small operands, and how fast it has become. Engine thread only.
final class Exercise {
    /// Calls of an operation in a row, so that all of them get on while the compilers are busy.
    private static final int BURST = 8;

    /// Calls after which every kernel has been queued for the second tier: HotSpot wants 15,000 calls and
    /// turns of loops, and the least that a call makes is six: itself, one block and, for a plane of one
    /// bit, four words of each row.
    private static final int CALLS = 2500;

    /// Calls after which nothing more is expected.
    private static final int MOST_CALLS = 3 * CALLS;

    /// Calls faster than this on average were compiled from the start, for another engine of the
    /// process.
    private static final long COMPILED_NANOS_PER_CALL = 50_000;

    private static final int SPEED_UP = 4;

    private final Runnable operation;
    private int calls;
    private long nanos;
    private long slowest;
    private long last;

    Exercise(Runnable operation) {
        this.operation = operation;
    }

    /// Runs `afterwards` after each call.
    void burst(Runnable afterwards) {
        last = 0;
        for (var i = 0; i < BURST; i++) {
            var start = System.nanoTime();
            operation.run();
            last += System.nanoTime() - start;
            afterwards.run();
        }
        // The first calls load and link classes, whether or not the kernels are compiled.
        slowest = calls == 0 ? 0 : Math.max(slowest, last);
        nanos += last;
        calls += BURST;
    }

    /// Whether it was called often enough that only the compiler is waited for.
    boolean isQueued() {
        return calls >= CALLS;
    }

    boolean isCompiled() {
        var isFast = last * SPEED_UP < slowest || nanos < calls * COMPILED_NANOS_PER_CALL;
        return isQueued() && (isFast || calls >= MOST_CALLS);
    }
}
