package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DenseVector;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The linear layers of a decoding step: one token ([TokenInput]) or a few ([FewTokens], [ShortFewTokens] where
/// they may be rounded), straight from the row blocks.
///
/// Consecutive layers that read the same activations, as q, k and v do, run together in one parallel region: a
/// small layer takes a few microseconds, and starting a region and the streams from memory takes about as long.
/// So a layer is noted first ([#add]) and computed by [#run], before anybody reads a result. One long-lived
/// object per [CpuOps]; engine thread, workers inside [#run].
final class DecodeLinears implements WorkerPool.Task {
    /// Most tokens that these kernels take, of any width.
    static final int MAX_TOKENS = 15;

    /// Weights that a few tokens take at a time: of 4 bits 590 kB, which the second four tokens find in the L2.
    /// With an eighth of it, where starting a stream counts more, four tokens took 1.1 times as long.
    private static final int FEW_WEIGHTS = 1 << 20;

    private static final int MAX_LAYERS = 8;

    private final WorkerPool pool;
    private final Scratch[] scratch;
    private final Precision precision;
    private final LinearInputs inputs;
    private final Layer[] layers = new Layer[MAX_LAYERS];
    private CpuTensor x = new CpuTensor();
    private int count;
    private int blocks;
    private boolean inShorts;

    DecodeLinears(WorkerPool pool, Scratch[] scratch, Precision precision, LinearInputs inputs) {
        this.pool = pool;
        this.scratch = scratch;
        this.precision = precision;
        this.inputs = inputs;
        for (var i = 0; i < MAX_LAYERS; i++) {
            layers[i] = new Layer();
        }
    }

    /// One noted layer; `firstBlock` is the number of its first row block among those of all.
    private static final class Layer {
        private @Nullable RowBlocks weight;
        private float @Nullable [] bias;
        private CpuTensor out = new CpuTensor();
        private int firstBlock;

        RowBlocks weight() {
            return Objects.requireNonNull(weight);
        }
    }

    /// Whether there is a kernel for `rows` against `weight`.
    static boolean applies(CpuTensor rows, RowBlocks weight) {
        return rows.rows() <= FewTokens.most(weight);
    }

    /// Notes `result = rows * matrix^T (+ values)`; shapes were checked and [#applies] holds. `rows` may
    /// be a result that was noted before.
    void add(CpuTensor rows, RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        var joins = count > 0 && count < MAX_LAYERS && rows == x && VectorInput.same(layers[0].weight(), matrix);
        if (!joins) {
            run();
            x = rows;
        }
        var layer = layers[count++];
        layer.weight = matrix;
        layer.bias = values == null ? null : values.values();
        layer.out = result;
    }

    /// Computes what was noted; nothing is left to do afterwards.
    void run() {
        if (count == 0) {
            return;
        }
        var first = layers[0].weight();
        inShorts = precision == Precision.FAST && ShortFewTokens.applies(first);
        if (x.rows() == 1) {
            inputs.one().prepare(x, first);
        } else if (inShorts) {
            inputs.shortFew().prepare(x, (RowBlocks.Quantized) first);
        } else {
            inputs.few().prepare(x, first);
        }
        blocks = 0;
        for (var i = 0; i < count; i++) {
            layers[i].firstBlock = blocks;
            blocks += layers[i].weight().blocks();
        }
        try {
            pool.run(this, Shares.units(pool.threads()));
        } finally {
            count = 0;
        }
    }

    /// Drops what was noted: nobody will read it.
    void drop() {
        count = 0;
    }

    @Override
    public void run(int worker, int unit) {
        var from = Shares.start(blocks, pool.threads(), unit);
        var end = Shares.start(blocks, pool.threads(), unit + 1);
        for (var i = 0; i < count; i++) {
            var layer = layers[i];
            var first = layer.firstBlock;
            var last = Math.min(end - first, layer.weight().blocks());
            if (from - first < last && last > 0) {
                compute(layer, Math.max(0, from - first), last, scratch[worker]);
            }
        }
    }

    /// The row blocks `from .. end - 1` of one layer.
    private void compute(Layer layer, int from, int end, Scratch own) {
        var matrix = layer.weight();
        if (x.rows() == 1) {
            inputs.one().multiply(matrix, from, end, layer.out.data(), layer.out.offset() + from * Lanes.COUNT);
        } else {
            var most = Math.max(1, FEW_WEIGHTS / (matrix.cols() * Lanes.COUNT));
            for (int first = from, last; first < end; first = last) {
                last = Math.min(end, matrix.parts() == 1 ? first + most : matrix.bandEnd(first));
                few(matrix, first, last, own, layer.out);
            }
        }
        LinearTask.addBias(layer.out, layer.bias, from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
    }

    /// Part by part, so that the activations stay in the L1.
    private void few(RowBlocks matrix, int from, int end, Scratch own, CpuTensor out) {
        var tiles = Math.ceilDiv(x.rows(), FewTokens.TOKENS);
        var tileFloats = (end - from) * FewTokens.TOKENS * Lanes.COUNT;
        var sums = own.results(tiles * tileFloats);
        Arrays.fill(sums, 0, tiles * tileFloats, 0);
        for (var part = 0; part < matrix.parts(); part++) {
            for (var tile = 0; tile < tiles; tile++) {
                few(matrix, part, from, end, tile, sums, tile * tileFloats);
            }
        }
        for (var t = 0; t < x.rows(); t++) {
            var at = t / FewTokens.TOKENS * tileFloats + t % FewTokens.TOKENS * Lanes.COUNT;
            for (var block = from; block < end; block++, at += FewTokens.TOKENS * Lanes.COUNT) {
                var row = block * Lanes.COUNT;
                var length = Math.min(Lanes.COUNT, matrix.rows() - row);
                System.arraycopy(sums, at, out.data(), out.rowOffset(t) + row, length);
            }
        }
    }

    private void few(RowBlocks matrix, int part, int from, int end, int tile, float[] sums, int at) {
        if (inShorts) {
            ShortFewTokens.blocks((RowBlocks.Quantized) matrix, part, from, end, inputs.shortFew(), tile, sums, at);
        } else {
            FewTokens.blocks(matrix, part, from, end, inputs.few(), tile, sums, at);
        }
    }
}
