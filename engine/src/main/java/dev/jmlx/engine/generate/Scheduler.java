package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.RowReader;
import dev.jmlx.engine.sample.BrokenLogitsException;
import dev.jmlx.engine.sample.Sampler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Continuous batching: every step carries one token of each running answer and chunks of the prompts that are
/// new.
///
/// [#run] is the engine thread; it owns the model's caches and the backend. Other threads only queue, wake and
/// stop. A long prompt takes its turn in chunks, small ones beside running answers so that these keep flowing.
/// Cancelled sequences leave before the next step. A failed step ends the sequences that took part in it,
/// nothing else.
final class Scheduler implements Runnable {
    private static final Logger log = LoggerFactory.getLogger(Scheduler.class);

    /// Prompt tokens in a step when nothing else runs: enough rows to make matrix products efficient.
    private static final int PREFILL_CHUNK = 256;

    /// Prompt tokens in a step beside running answers: each step delays every answer by its whole
    /// length.
    private static final int SHARED_PREFILL_CHUNK = 64;

    private final Model model;
    private final Ops ops;
    private final KvCaches caches;
    private final int contextLength;
    private final WarmUp warmUp;
    /// One for each thread that draws; null until it does.
    private final @Nullable Sampler[] samplers;

    private final RowReader draw = this::draw;
    private final int[] drawn;
    private final @Nullable BrokenLogitsException[] broken;
    private final Batch batch;
    private final int maxSequences;
    private final int maxWaiting;
    private final BitSet usedSlots = new BitSet();
    private final List<Sequence> running = new ArrayList<>();
    private final List<Sequence> wantLogits = new ArrayList<>();
    private final List<Sequence> inBatch = new ArrayList<>();
    private final List<Sequence> outOfMemory = new ArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Deque<Generation> waiting = new ArrayDeque<>();
    private boolean awake;
    private volatile boolean stopped;
    private volatile int runningCount;

    /// `caches` are closed with it.
    Scheduler(Model model, Ops ops, KvCaches caches, int contextLength, int maxSequences, int maxWaiting) {
        this.model = model;
        this.ops = ops;
        this.maxSequences = maxSequences;
        this.maxWaiting = maxWaiting;
        this.caches = caches;
        this.contextLength = contextLength;
        this.samplers = new Sampler[ops.readers()];
        this.drawn = new int[maxSequences];
        this.broken = new BrokenLogitsException[maxSequences];
        this.batch = new Batch(PREFILL_CHUNK + maxSequences, maxSequences);
        this.warmUp = new WarmUp(model, ops, caches);
    }

    /// Queues a request; those for which a slot is free do not count as waiting. Any thread.
    Generation submit(GenerationRequest request) {
        var generation = new Generation(request, this::wake);
        lock.lock();
        try {
            if (stopped) {
                throw new IllegalStateException("the engine is closed");
            }
            if (waiting.size() - (maxSequences - runningCount) >= maxWaiting) {
                throw new EngineBusyException(waiting.size());
            }
            waiting.add(generation);
        } finally {
            lock.unlock();
        }
        wake();
        return generation;
    }

    /// Tokens of a prompt and its answer at most.
    int contextLength() {
        return contextLength;
    }

    EngineStatus status() {
        lock.lock();
        try {
            return new EngineStatus(runningCount, waiting.size());
        } finally {
            lock.unlock();
        }
    }

    /// Makes [#run] return after the current step, or after a few operations of the warm-up. Any thread.
    void stop() {
        lock.lock();
        try {
            stopped = true;
        } finally {
            lock.unlock();
        }
        wake();
    }

    @Override
    public void run() {
        try {
            warmUp.first(() -> stopped);
            while (admit()) {
                if (!plan().isEmpty()) {
                    if (warmUp.isDue(batch)) {
                        warmUp.rest(() -> stopped);
                    }
                    step();
                } else if (!warmUp.isComplete() && staysIdle()) {
                    warmUp.rest(this::isWanted);
                } else {
                    await();
                }
            }
        } finally {
            endAll();
            caches.close();
            ops.close();
        }
    }

    /// Whether nobody wants anything for a while; false as soon as somebody does.
    private boolean staysIdle() {
        lock.lock();
        try {
            for (var left = WarmUp.QUIET.toNanos(); left > 0 && !awake; ) {
                left = work.awaitNanos(left);
            }
            return !awake && running.isEmpty();
        } catch (InterruptedException e) {
            log.debug("interrupted while idle", e);
            return false;
        } finally {
            lock.unlock();
        }
    }

    /// Whether somebody waits for this thread.
    private boolean isWanted() {
        lock.lock();
        try {
            return stopped || !waiting.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void wake() {
        lock.lock();
        try {
            awake = true;
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    /// Waits until somebody has called [#wake] since the last wait ended.
    private void await() {
        lock.lock();
        try {
            while (!awake) {
                work.awaitUninterruptibly();
            }
            awake = false;
        } finally {
            lock.unlock();
        }
    }

    /// Drops what was cancelled and gives free slots to those who wait; false when the engine is to
    /// stop.
    private boolean admit() {
        for (var i = running.size() - 1; i >= 0; i--) {
            if (running.get(i).generation().isCancelled()) {
                finish(running.get(i), new TokenEvent.Finished(FinishReason.CANCELLED));
            }
        }
        lock.lock();
        try {
            waiting.removeIf(Generation::endIfCancelled);
            while (running.size() < maxSequences && !waiting.isEmpty() && hasRoom(waiting.element())) {
                var slot = usedSlots.nextClearBit(0);
                usedSlots.set(slot);
                running.add(new Sequence(waiting.remove(), slot, contextLength));
            }
            runningCount = running.size();
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    /// Whether there is memory for its prompt beside what the prompts before it still need. What is alone gets what
    /// there is.
    private boolean hasRoom(Generation next) {
        if (running.isEmpty()) {
            return true;
        }
        var wanted = caches.bytesFor(next.request().promptIds().length);
        for (var i = 0; i < running.size(); i++) {
            var sequence = running.get(i);
            if (sequence.isPrefilling()) {
                wanted += caches.bytesFor(sequence.cachedAfter(sequence.pendingTokens()))
                        - caches.bytesFor(sequence.cachedAfter(0));
            }
        }
        return wanted <= caches.freeBytes();
    }

    /// Fills the batch: first the running answers, then prompts in the order in which they came.
    private List<Sequence> plan() {
        batch.clear();
        inBatch.clear();
        wantLogits.clear();
        for (var i = 0; i < running.size(); i++) {
            var sequence = running.get(i);
            if (!sequence.isPrefilling() && sequence.generation().hasRoom()) {
                add(sequence, 1);
            }
        }
        var budget = inBatch.isEmpty() ? PREFILL_CHUNK : SHARED_PREFILL_CHUNK;
        for (var i = 0; i < running.size() && budget > 0; i++) {
            var sequence = running.get(i);
            if (sequence.isPrefilling()) {
                var count = Math.min(budget, sequence.pendingTokens());
                budget -= count;
                add(sequence, count);
            }
        }
        outOfMemory.forEach(sequence -> finish(sequence, new TokenEvent.Failed("not enough memory for the context")));
        outOfMemory.clear();
        return inBatch;
    }

    private void add(Sequence sequence, int count) {
        try {
            caches.reserve(sequence.slot(), sequence.cachedAfter(count));
        } catch (OutOfMemoryError e) {
            log.error("no memory for {} tokens of context", sequence.cachedAfter(count), e);
            outOfMemory.add(sequence);
            return;
        }
        inBatch.add(sequence);
        if (sequence.addTo(batch, count)) {
            wantLogits.add(sequence);
        }
    }

    private void step() {
        try {
            ops.beginStep();
            var rows = model.forward(ops, batch, caches);
            ops.readRows(rows, draw);
            for (var i = 0; i < wantLogits.size(); i++) {
                var sequence = wantLogits.get(i);
                var end = advance(sequence, i);
                if (end != null) {
                    finish(sequence, end);
                }
            }
        } catch (RuntimeException | Error e) {
            log.error("a step failed; its {} requests end with an error", inBatch.size(), e);
            var reason = Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
            inBatch.forEach(sequence -> finish(sequence, new TokenEvent.Failed("the engine failed: " + reason)));
        }
    }

    /// Draws the next token of the sequence whose logits are row `row`. Threads of the backend.
    private void draw(int thread, int row, float[] logits) {
        var sequence = wantLogits.get(row);
        var params = sequence.generation().request().sampling();
        var sampler = samplers[thread];
        if (sampler == null) {
            sampler = new Sampler(model.vocabSize());
            samplers[thread] = sampler;
        }
        broken[row] = null;
        try {
            drawn[row] = sampler.sample(logits, params, sequence.random());
        } catch (BrokenLogitsException e) {
            broken[row] = e;
        }
    }

    /// Gives the sequence the token that was drawn from row `row`. Returns the end that it brings, or null.
    private @Nullable TokenEvent advance(Sequence sequence, int row) {
        var failure = broken[row];
        if (failure != null) {
            log.error("a request ends with an error", failure);
            return new TokenEvent.Failed("the engine failed: " + failure.getMessage());
        }
        var reason = sequence.accept(drawn[row]);
        return reason == null ? null : new TokenEvent.Finished(reason);
    }

    private void finish(Sequence sequence, TokenEvent end) {
        if (running.remove(sequence)) {
            caches.release(sequence.slot());
            usedSlots.clear(sequence.slot());
            runningCount = running.size();
        }
        sequence.generation().end(end);
        wake(); // somebody may have waited for its place or its memory
    }

    private void endAll() {
        lock.lock();
        try {
            stopped = true;
            waiting.forEach(generation -> generation.end(new TokenEvent.Finished(FinishReason.CANCELLED)));
            waiting.clear();
        } finally {
            lock.unlock();
        }
        List.copyOf(running).forEach(sequence -> finish(sequence, new TokenEvent.Finished(FinishReason.CANCELLED)));
    }
}
