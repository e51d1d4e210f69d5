package dev.jmlx.bench;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.model.Model;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.weights.Checkpoint;
import java.nio.file.Path;

/// A model that reads one text from left to right and tells the logits behind every token, for [Accuracy].
///
/// The cache is f32. Closes the operations it was given. One thread.
final class TextReader implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Ops ops;
    private final Model model;
    private final KvCaches caches;
    private final Batch batch;
    private final float[][] logits;
    private int cached;

    /// `length`: tokens of the longest text. `step`: the most that are read at once.
    TextReader(Path folder, Ops ops, int length, int step) {
        this.checkpoint = Checkpoint.open(folder);
        this.ops = ops;
        try {
            model = Models.load(checkpoint.config(), checkpoint.weights(ops::prepare));
        } catch (RuntimeException e) {
            checkpoint.close();
            ops.close();
            throw e;
        }
        caches = new KvCaches(CacheType.F32, model.cacheShapes(), 1, length);
        batch = new Batch(step, 1);
        logits = new float[step][model.vocabSize()];
    }

    /// Begins a new text.
    void reset() {
        caches.release(0);
        cached = 0;
    }

    /// Reads the next `count` tokens, those of `ids` from `from` on.
    void read(int[] ids, int from, int count) {
        caches.reserve(0, cached + count);
        batch.clear();
        batch.add(0, cached, ids, from, count, Batch.Logits.ALL);
        cached += count;
        ops.beginStep();
        var rows = model.forward(ops, batch, caches);
        for (var i = 0; i < count; i++) {
            ops.readRow(rows, i, logits[i]);
        }
    }

    /// The logits behind token `index` of the last step, overwritten by the next.
    float[] logits(int index) {
        return logits[index];
    }

    @Override
    public void close() {
        caches.close();
        ops.close();
        checkpoint.close();
    }
}
