package dev.jmlx.engine.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Weights times a vector of their own each, all in one parallel region.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside [#run].
final class SeparateLinears implements WorkerPool.Task {
    private final WorkerPool pool;
    private final List<Layer> layers = new ArrayList<>();
    private int count;
    private int blocks;

    SeparateLinears(WorkerPool pool) {
        this.pool = pool;
    }

    /// One noted layer, used again; `firstBlock` is the number of its first row block among those of all.
    private static final class Layer {
        private @Nullable RowBlocks weight;
        private @Nullable TokenInput x;
        private float[] y = new float[0];
        private int to;
        private int firstBlock;

        RowBlocks weight() {
            return Objects.requireNonNull(weight);
        }

        TokenInput x() {
            return Objects.requireNonNull(x);
        }
    }

    /// Notes `y[to ..] = weight * x`, whole blocks of it; there is a kernel ([MatVec#applies]), and `x` was
    /// arranged for the weight.
    void add(RowBlocks weight, TokenInput x, float[] y, int to) {
        if (count == layers.size()) {
            layers.add(new Layer());
        }
        var layer = layers.get(count++);
        layer.weight = weight;
        layer.x = x;
        layer.y = y;
        layer.to = to;
        layer.firstBlock = blocks;
        blocks += weight.blocks();
    }

    /// Computes what was noted.
    void run() {
        try {
            pool.run(this, Shares.units(pool.threads()));
        } finally {
            count = 0;
            blocks = 0;
        }
    }

    @Override
    public void run(int worker, int unit) {
        var from = Shares.start(blocks, pool.threads(), unit);
        var end = Shares.start(blocks, pool.threads(), unit + 1);
        for (var i = 0; i < count; i++) {
            var layer = layers.get(i);
            var first = Math.max(0, from - layer.firstBlock);
            var last = Math.min(layer.weight().blocks(), end - layer.firstBlock);
            if (first < last) {
                layer.x().multiply(layer.weight(), first, last, layer.y, layer.to + first * Lanes.COUNT);
            }
        }
    }
}
