package dev.jmlx.engine.generate;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// One running request: its caller reads events from it, the engine writes them.
///
/// [#next] blocks and is meant for one virtual thread. [#cancel] may be called from any thread, any number of
/// times; the sequence's slot is free again after at most one step, except while the engine starts, which ends
/// first. The engine never waits for a reader: when a reader is [#CAPACITY] tokens behind, its sequence sits out
/// the following steps until the reader has caught up.
public final class Generation implements AutoCloseable {
    /// Tokens that may wait for the reader.
    static final int CAPACITY = 256;

    private static final Duration FOREVER = Duration.ofNanos(Long.MAX_VALUE);

    private final GenerationRequest request;
    private final Runnable wakeEngine;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final int[] ring = new int[CAPACITY];
    private int head;
    private int size;
    private @Nullable TokenEvent end;
    private volatile boolean cancelled;

    Generation(GenerationRequest request, Runnable wakeEngine) {
        this.request = request;
        this.wakeEngine = wakeEngine;
    }

    /// Waits for the next event. After the end it returns the end again.
    public TokenEvent next() throws InterruptedException {
        Optional<TokenEvent> event = Optional.empty();
        while (event.isEmpty()) {
            event = next(FOREVER);
        }
        return event.get();
    }

    /// Waits for the next event, but not longer than `timeout`; empty when none came.
    public Optional<TokenEvent> next(Duration timeout) throws InterruptedException {
        var left = timeout.toNanos();
        var wasFull = false;
        var token = 0;
        lock.lockInterruptibly();
        try {
            while (size == 0 && end == null) {
                if (left <= 0) {
                    return Optional.empty();
                }
                left = changed.awaitNanos(left);
            }
            if (size == 0) {
                return Optional.ofNullable(end);
            }
            wasFull = size == CAPACITY;
            token = ring[head];
            head = (head + 1) % CAPACITY;
            size--;
        } finally {
            lock.unlock();
        }
        if (wasFull) {
            wakeEngine.run();
        }
        return Optional.of(new TokenEvent.Token(token));
    }

    /// Stops the generation; tokens that are already there can still be read, then the end comes.
    public void cancel() {
        cancelled = true;
        wakeEngine.run();
    }

    /// Same as [#cancel]; harmless after the end.
    @Override
    public void close() {
        cancel();
    }

    GenerationRequest request() {
        return request;
    }

    boolean isCancelled() {
        return cancelled;
    }

    /// Asks once: between two questions a cancel could slip in, and the request would vanish without
    /// its end. Engine thread.
    boolean endIfCancelled() {
        var was = cancelled;
        if (was) {
            end(new TokenEvent.Finished(FinishReason.CANCELLED));
        }
        return was;
    }

    /// Whether the reader has room for one more token. Engine thread.
    boolean hasRoom() {
        lock.lock();
        try {
            return size < CAPACITY;
        } finally {
            lock.unlock();
        }
    }

    /// Engine thread; there must be room.
    void deliver(int token) {
        lock.lock();
        try {
            ring[(head + size) % CAPACITY] = token;
            size++;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /// Engine thread; the first end counts.
    void end(TokenEvent event) {
        lock.lock();
        try {
            if (end == null) {
                end = event;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
