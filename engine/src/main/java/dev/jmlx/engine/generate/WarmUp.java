package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Shows the backend the kinds of steps that will come, so that the first requests are as fast as later ones:
/// the kinds that every request needs before the first one, the others when nobody waits.
///
/// A [Scheduler]'s own; engine thread only.
final class WarmUp {
    /// After so long without a request the rest of the warm-up is unlikely to be in anybody's way.
    static final Duration QUIET = Duration.ofMillis(500);

    private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

    /// Prompt tokens of the first steps: two tiles of eight and a rest of four.
    private static final int CHUNK = 20;

    /// Prompts leave a rest of 2 to 15 tokens, for which there are kernels of their own.
    private static final int SHORT_CHUNK = 3;

    /// Answers beyond these take no other kernels.
    private static final int MAX_ANSWERS = 4;

    /// Where an answer is: beyond the first strip of the caches.
    private static final int POSITION = 100;

    private final Model model;
    private final Ops ops;
    private final KvCaches caches;
    private final int maxSequences;
    private boolean isComplete;

    WarmUp(Model model, Ops ops, KvCaches caches, int maxSequences) {
        this.model = model;
        this.ops = ops;
        this.caches = caches;
        this.maxSequences = maxSequences;
    }

    /// An answer and a chunk of a prompt; ends early when `stop` says so.
    void first(BooleanSupplier stop) {
        run(List.of(answers(1), chunk(CHUNK)), stop);
    }

    /// Whether [#rest] has nothing more to do.
    boolean isComplete() {
        return isComplete;
    }

    /// A short chunk, and several answers together; what `stop` interrupts begins anew another time.
    void rest(BooleanSupplier stop) {
        var steps = new ArrayList<Batch>();
        steps.add(chunk(SHORT_CHUNK));
        if (maxSequences > 1) {
            steps.add(answers(Math.min(maxSequences, MAX_ANSWERS)));
        }
        run(steps, stop);
        isComplete = !stop.getAsBoolean();
    }

    private void run(List<Batch> steps, BooleanSupplier stop) {
        try {
            ops.warmUp(rehearsal -> steps.forEach(step -> model.forward(rehearsal, step, caches)), stop);
        } catch (RuntimeException | Error e) {
            log.warn("could not warm up; the first answers will be slow", e);
        }
    }

    private static Batch chunk(int tokens) {
        var step = new Batch(tokens, 1);
        step.add(0, 0, new int[tokens], 0, tokens, Batch.Logits.LAST);
        return step;
    }

    private static Batch answers(int count) {
        var step = new Batch(count, count);
        for (var slot = 0; slot < count; slot++) {
            step.add(slot, POSITION, new int[1], 0, 1, Batch.Logits.LAST);
        }
        return step;
    }
}
