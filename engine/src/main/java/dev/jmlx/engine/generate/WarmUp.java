package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows the backend the kinds of steps that will come, so that the first requests are as fast as later ones:
/// the kinds that every request needs before the first one, the others when nobody waits or they are about to come.
///
/// A [Scheduler]'s own; engine thread only.
final class WarmUp {
    /// After so long without a request the rest of the warm-up is unlikely to be in anybody's way.
    static final Duration QUIET = Duration.ofMillis(500);

    private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

    /// Prompt tokens of the first steps: two tiles of eight and a rest of four.
    private static final int CHUNK = 20;

    /// A few tokens, of several answers or the rest of a prompt: there are kernels of their own for them.
    private static final int FEW = 4;

    /// Tokens from which on a step is a prompt's.
    private static final int PROMPT = 16;

    /// Where an answer is: beyond the first strip of the caches.
    private static final int POSITION = 100;

    private final Model model;
    private final Ops ops;
    private final KvCaches caches;
    private boolean isComplete;

    WarmUp(Model model, Ops ops, KvCaches caches) {
        this.model = model;
        this.ops = ops;
        this.caches = caches;
    }

    /// An answer and a chunk of a prompt; ends early when `stop` says so.
    void first(BooleanSupplier stop) {
        var answer = step(POSITION, 1, Batch.Logits.LAST);
        run(List.of(answer, step(0, CHUNK, Batch.Logits.LAST)), stop);
    }

    /// Whether [#rest] has nothing more to do.
    boolean isComplete() {
        return isComplete;
    }

    /// Whether `batch` is of a kind that [#rest] has yet to show. Without it such steps are slow for longer than
    /// it takes, and leave hundreds of megabytes of garbage.
    boolean isDue(Batch batch) {
        return !isComplete && (isFew(batch.tokenCount()) || isFew(batch.logitCount()));
    }

    private static boolean isFew(int rows) {
        return rows > 1 && rows < PROMPT;
    }

    /// A few tokens together; what `stop` interrupts begins anew another time.
    void rest(BooleanSupplier stop) {
        run(List.of(step(0, FEW, Batch.Logits.ALL)), stop);
        isComplete = !stop.getAsBoolean();
    }

    private void run(List<Batch> steps, BooleanSupplier stop) {
        try {
            ops.warmUp(rehearsal -> steps.forEach(step -> model.forward(rehearsal, step, caches)), stop);
        } catch (RuntimeException | Error e) {
            log.warn("could not warm up; the first answers will be slow", e);
        }
    }

    private static Batch step(int position, int tokens, Batch.Logits logits) {
        var step = new Batch(tokens, 1);
        step.add(0, position, new int[tokens], 0, tokens, logits);
        return step;
    }
}
