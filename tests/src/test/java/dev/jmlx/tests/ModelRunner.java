package dev.jmlx.tests;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.weights.Checkpoint;
import java.nio.file.Path;

/// A model with caches for two sequences, run token by token or chunk by chunk, outside the scheduler.
final class ModelRunner implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Ops ops;
    private final Model model;
    private final KvCaches caches;
    private final int[] cached = new int[2];

    ModelRunner(Path folder, Ops ops, CacheType cacheType) {
        this.checkpoint = Checkpoint.open(folder);
        this.ops = ops;
        try {
            this.model = Models.load(checkpoint.config(), checkpoint.weights(ops::prepare));
        } catch (RuntimeException e) {
            checkpoint.close();
            ops.close();
            throw e;
        }
        this.caches = new KvCaches(cacheType, model.cacheShapes(), 2, model.contextLength());
    }

    int contextLength() {
        return model.contextLength();
    }

    int vocabSize() {
        return model.vocabSize();
    }

    /// Runs the next tokens of slot 0 in one pass; the logits after each of them.
    float[][] run(int... ids) {
        var batch = new Batch(ids.length, 1);
        append(batch, 0, ids);
        return forward(batch);
    }

    /// Runs the next tokens of both slots in one pass; first the logits of slot 0, then those of slot
    /// 1.
    float[][] runBoth(int[] first, int[] second) {
        var batch = new Batch(first.length + second.length, 2);
        append(batch, 0, first);
        append(batch, 1, second);
        return forward(batch);
    }

    /// Forgets the tokens of both slots.
    void reset() {
        for (var slot = 0; slot < cached.length; slot++) {
            caches.release(slot);
            cached[slot] = 0;
        }
    }

    private void append(Batch batch, int slot, int[] ids) {
        caches.reserve(slot, cached[slot] + ids.length);
        batch.add(slot, cached[slot], ids, 0, ids.length, Batch.Logits.ALL);
        cached[slot] += ids.length;
    }

    private float[][] forward(Batch batch) {
        ops.beginStep();
        var rows = model.forward(ops, batch, caches);
        var logits = new float[batch.logitCount()][model.vocabSize()];
        for (var i = 0; i < logits.length; i++) {
            ops.readRow(rows, i, logits[i]);
        }
        return logits;
    }

    @Override
    public void close() {
        caches.close();
        ops.close();
        checkpoint.close();
    }
}
