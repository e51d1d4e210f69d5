package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.sample.BrokenLogitsException;
import dev.jmlx.engine.sample.Sampler;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
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

    private static final int WARM_UP_CHUNK = 16;

    /// After so long without a request the rest of the warm-up is unlikely to be in anybody's way.
    private static final Duration QUIET = Duration.ofMillis(500);
    private static final int WARM_UP_POSITION = 100;

    private final Model model;
    private final Ops ops;
    private final KvCaches caches;
    private final Sampler sampler;
    private final float[] logits;
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
    private boolean warmedUp;
    private boolean awake;
    private boolean stopped;
    private volatile int runningCount;

    Scheduler(Model model, Ops ops, CacheType cacheType, int maxSequences, int maxWaiting) {
        this.model = model;
        this.ops = ops;
        this.maxSequences = maxSequences;
        this.maxWaiting = maxWaiting;
        this.caches = model.newCaches(cacheType, maxSequences, model.contextLength());
        this.sampler = new Sampler(model.vocabSize());
        this.logits = new float[model.vocabSize()];
        this.batch = new Batch(PREFILL_CHUNK + maxSequences, maxSequences);
        this.warmedUp = maxSequences == 1;
    }

    /// Queues a request. Any thread.
    Generation submit(GenerationRequest request) {
        var generation = new Generation(request, this::wake);
        lock.lock();
        try {
            if (stopped) {
                throw new IllegalStateException("the engine is closed");
            }
            if (waiting.size() >= maxWaiting) {
                throw new EngineBusyException(waiting.size());
            }
            waiting.add(generation);
        } finally {
            lock.unlock();
        }
        wake();
        return generation;
    }

    EngineStatus status() {
        lock.lock();
        try {
            return new EngineStatus(runningCount, waiting.size());
        } finally {
            lock.unlock();
        }
    }

    /// Makes [#run] return after the current step. Any thread.
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
            warmUp();
            while (admit()) {
                if (!plan().isEmpty()) {
                    step();
                } else if (!warmedUp && staysIdle()) {
                    warmUpFurther();
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

    /// Shows the backend the kinds of steps that will come: an answer and a chunk of a prompt.
    private void warmUp() {
        var chunk = new Batch(WARM_UP_CHUNK, 1);
        chunk.add(0, 0, new int[WARM_UP_CHUNK], 0, WARM_UP_CHUNK, Batch.Logits.LAST);
        warmUp(List.of(answers(1), chunk), this::isStopped);
    }

    /// Whether nobody wants anything for a while; false as soon as somebody does.
    private boolean staysIdle() {
        lock.lock();
        try {
            for (var left = QUIET.toNanos(); left > 0 && !awake; ) {
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

    /// Shows it several answers together, while nobody waits; what is interrupted begins anew another time.
    private void warmUpFurther() {
        warmUp(List.of(answers(maxSequences)), this::isWanted);
        warmedUp = !isWanted();
    }

    private void warmUp(List<Batch> steps, BooleanSupplier stop) {
        try {
            ops.warmUp(rehearsal -> steps.forEach(step -> model.forward(rehearsal, step, caches)), stop);
        } catch (RuntimeException | OutOfMemoryError e) {
            log.warn("could not warm up; the first answers will be slow", e);
        }
    }

    private static Batch answers(int count) {
        var step = new Batch(count, count);
        for (var slot = 0; slot < count; slot++) {
            step.add(slot, WARM_UP_POSITION, new int[1], 0, 1, Batch.Logits.LAST);
        }
        return step;
    }

    private boolean isStopped() {
        lock.lock();
        try {
            return stopped;
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
            waiting.removeIf(Scheduler::endIfCancelled);
            while (running.size() < maxSequences && !waiting.isEmpty()) {
                var slot = usedSlots.nextClearBit(0);
                usedSlots.set(slot);
                running.add(new Sequence(waiting.remove(), slot, model.contextLength()));
            }
            runningCount = running.size();
            return !stopped;
        } finally {
            lock.unlock();
        }
    }

    /// Asks once: between two questions a cancel could slip in, and the request would vanish without
    /// its end.
    private static boolean endIfCancelled(Generation generation) {
        var cancelled = generation.isCancelled();
        if (cancelled) {
            generation.end(new TokenEvent.Finished(FinishReason.CANCELLED));
        }
        return cancelled;
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
            for (var i = 0; i < wantLogits.size(); i++) {
                var sequence = wantLogits.get(i);
                ops.readRow(rows, i, logits);
                var end = advance(sequence);
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

    /// Draws the sequence's next token from `logits`. Returns the end that it brings, or null.
    private @Nullable TokenEvent advance(Sequence sequence) {
        var params = sequence.generation().request().sampling();
        try {
            var reason = sequence.accept(sampler.sample(logits, params, sequence.random()));
            return reason == null ? null : new TokenEvent.Finished(reason);
        } catch (BrokenLogitsException e) {
            log.error("a request ends with an error", e);
            return new TokenEvent.Failed("the engine failed: " + e.getMessage());
        }
    }

    private void finish(Sequence sequence, TokenEvent end) {
        if (running.remove(sequence)) {
            caches.release(sequence.slot());
            usedSlots.clear(sequence.slot());
            runningCount = running.size();
        }
        sequence.generation().end(end);
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
