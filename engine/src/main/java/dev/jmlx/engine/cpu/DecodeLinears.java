package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
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
/// So a layer is noted first ([#add]) and computed by [#run], before anybody reads a result. The first half of
/// a gated MLP is one region too ([#runGated]). One long-lived object per [CpuOps]; engine thread, workers
/// inside [#run].
final class DecodeLinears implements WorkerPool.Task {
    /// Most tokens that these kernels take, of any width.
    static final int MAX_TOKENS = 15;

    /// Weights that a few tokens take at a time, in whole pairs of row blocks: of 4 bits 590 kB, which the second
    /// four tokens find in the L2. With an eighth of it, where starting a stream counts more, four tokens took
    /// 1.1 times as long.
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

    /// The function of a gated pair, the only layers that are noted then; else null.
    private @Nullable Activation activation;

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

    /// Whether both have a kernel for `rows` and read the same arrangement of them.
    static boolean applies(CpuTensor rows, RowBlocks gate, RowBlocks up) {
        return applies(rows, gate) && applies(rows, up) && VectorInput.same(gate, up);
    }

    /// Notes `result = rows * matrix^T (+ values)`; shapes were checked and [#applies] holds. `rows` may
    /// be a result that was noted before.
    void add(CpuTensor rows, RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        var joins = count > 0 && count < MAX_LAYERS && rows == x && VectorInput.same(layers[0].weight(), matrix);
        if (!joins) {
            run();
            x = rows;
        }
        note(matrix, values, result);
    }

    private void note(RowBlocks matrix, @Nullable DenseVector values, CpuTensor result) {
        var layer = layers[count++];
        layer.weight = matrix;
        layer.bias = values == null ? null : values.values();
        layer.out = result;
    }

    /// `hidden = function(rows * gate^T) * (rows * up^T)`, after what was noted before; `upped` is room for the
    /// second product. Shapes were checked and [#applies] holds.
    ///
    /// A unit has the same rows of both, so that the function runs in the same region, on what its thread still
    /// has in the cache.
    void runGated(
            CpuTensor rows, RowBlocks gate, RowBlocks up, Activation function, CpuTensor hidden, CpuTensor upped) {
        run();
        x = rows;
        note(gate, null, hidden);
        note(up, null, upped);
        activation = function;
        run();
    }

    /// Computes what was noted; nothing is left to do afterwards.
    void run() {
        if (count == 0) {
            return;
        }
        try {
            prepare();
            pool.run(this, Shares.units(pool.threads()));
        } finally {
            drop();
        }
    }

    private void prepare() {
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
            layers[i].firstBlock = activation == null ? blocks : 0;
            blocks = layers[i].firstBlock + layers[i].weight().blocks();
        }
    }

    /// Drops what was noted: nobody will read it.
    void drop() {
        count = 0;
        activation = null;
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
        if (activation != null && from < end) {
            gate(activation, layers[0].out, layers[1].out, from * Lanes.COUNT, end * Lanes.COUNT);
        }
    }

    /// The columns `from .. end - 1` of `hidden`.
    private static void gate(Activation activation, CpuTensor hidden, CpuTensor upped, int from, int end) {
        var length = Math.min(end, hidden.cols()) - from;
        for (var t = 0; t < hidden.rows(); t++) {
            var at = hidden.rowOffset(t) + from;
            Elementwise.gate(activation, hidden.data(), at, upped.data(), upped.rowOffset(t) + from, length);
        }
    }

    /// The row blocks `from .. end - 1` of one layer.
    private void compute(Layer layer, int from, int end, Scratch own) {
        var matrix = layer.weight();
        if (x.rows() == 1) {
            inputs.one().multiply(matrix, from, end, layer.out.data(), layer.out.offset() + from * Lanes.COUNT);
        } else {
            var most = Math.max(1, FEW_WEIGHTS / (matrix.cols() * Lanes.COUNT) & ~1);
            for (int first = from, last; first < end; first = last) {
                last = Math.min(end, matrix.parts() == 1 ? first + most : matrix.bandEnd(first));
                few(matrix, first, last, own, layer.out);
            }
        }
        LinearTask.addBias(layer.out, layer.bias, from * Lanes.COUNT, Math.min(matrix.rows(), end * Lanes.COUNT));
    }

    /// Part by part, so that the activations stay in the L1. Whole tiles of tokens against whole row blocks go
    /// straight to their rows of `out`; what would pass a row's end or the last token goes through scratch.
    private void few(RowBlocks matrix, int from, int end, Scratch own, CpuTensor out) {
        var tiles = Math.ceilDiv(x.rows(), FewTokens.TOKENS);
        var straight = end * Lanes.COUNT <= matrix.rows() ? x.rows() / FewTokens.TOKENS : 0;
        var rest = straight * FewTokens.TOKENS;
        var rows = (end - from) * Lanes.COUNT;
        var tileFloats = FewTokens.TOKENS * rows;
        var scratchFloats = (tiles - straight) * tileFloats;
        var sums = own.results(scratchFloats);
        for (var t = 0; t < rest; t++) {
            var to = out.rowOffset(t) + from * Lanes.COUNT;
            Arrays.fill(out.data(), to, to + rows, 0);
        }
        Arrays.fill(sums, 0, scratchFloats, 0);
        for (var part = 0; part < matrix.parts(); part++) {
            for (var tile = 0; tile < straight; tile++) {
                var to = out.rowOffset(tile * FewTokens.TOKENS) + from * Lanes.COUNT;
                few(matrix, part, from, end, tile, out.data(), to, out.cols());
            }
            for (var tile = straight; tile < tiles; tile++) {
                few(matrix, part, from, end, tile, sums, (tile - straight) * tileFloats, rows);
            }
        }
        var length = Math.min(rows, matrix.rows() - from * Lanes.COUNT);
        for (var t = rest; t < x.rows(); t++) {
            System.arraycopy(sums, (t - rest) * rows, out.data(), out.rowOffset(t) + from * Lanes.COUNT, length);
        }
    }

    private void few(RowBlocks matrix, int part, int from, int end, int tile, float[] sums, int at, int tokenStride) {
        if (inShorts) {
            ShortFewTokens.blocks(
                    (RowBlocks.Quantized) matrix, part, from, end, inputs.shortFew(), tile, sums, at, tokenStride);
        } else {
            FewTokens.blocks(matrix, part, from, end, inputs.few(), tile, sums, at, tokenStride);
        }
    }
}
