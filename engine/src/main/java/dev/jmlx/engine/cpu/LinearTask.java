package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A linear layer over blocks of weight rows; one long-lived object per [CpuOps], run on its pool.
///
/// One token against packed weights goes to [QuantizedMatVec]; a few tokens, or dense weights, to [DotTile]; many to
/// [Tile]. Engine thread, workers inside [#apply].
final class LinearTask implements WorkerPool.Task {
    /// Weights in a block: about 3 microseconds of matrix-vector work, several blocks to a thread in small layers.
    private static final int BLOCK_WEIGHTS = 1 << 15;

    /// Unpacked weights of a block in matrix-matrix work: a part of the L2 that leaves room for activations.
    private static final int UNPACKED_FLOATS = 1 << 16;

    private final WorkerPool pool;
    private final RowBlock[] scratch;
    private final LinearInput input;
    private @Nullable Matrix weight;
    private float @Nullable [] bias;
    private CpuTensor out = new CpuTensor();
    private int tokens;
    private int blockRows;

    LinearTask(WorkerPool pool, RowBlock[] scratch, LinearInput input) {
        this.pool = pool;
        this.scratch = scratch;
        this.input = input;
    }

    /// `result = x * matrix^T (+ vector)`; shapes were checked.
    void apply(CpuTensor x, Matrix matrix, @Nullable DenseVector vector, CpuTensor result) {
        input.prepare(x, PackedLayout.ofNullable(matrix));
        weight = matrix;
        bias = vector == null ? null : vector.values();
        out = result;
        tokens = x.rows();
        blockRows = input.form() == LinearInput.Form.TILES ? tileRows(matrix) : blockRows(matrix);
        pool.run(this, (matrix.rows() + blockRows - 1) / blockRows);
    }

    /// Rows of `matrix` in a block of matrix-vector work; a multiple of 16, so that blocks share no cache line.
    static int blockRows(Matrix matrix) {
        return Math.max(16, BLOCK_WEIGHTS / matrix.cols() & -16);
    }

    @Override
    public void run(int worker, int block) {
        var matrix = Objects.requireNonNull(weight);
        var from = block * blockRows;
        var end = Math.min(matrix.rows(), from + blockRows);
        switch (input.form()) {
            case VECTOR ->
                QuantizedMatVec.rows(
                        (Matrix.Quantized) matrix, from, end, input, scratch[worker], out.data(), out.offset() + from);
            case ROWS -> dots(matrix, from, end, scratch[worker]);
            case TILES -> tiles(matrix, from, end, scratch[worker]);
        }
        addBias(from, end);
    }

    private void addBias(int from, int end) {
        var values = bias;
        if (values == null) {
            return;
        }
        for (var t = 0; t < tokens; t++) {
            for (var r = from; r < end; r++) {
                out.data()[out.rowOffset(t) + r] += values[r];
            }
        }
    }

    private void dots(Matrix matrix, int from, int end, RowBlock block) {
        var stride = input.stride();
        var weights = block.weights(DotTile.ROWS * stride + Lanes.COUNT);
        var sums = block.results(2 * DotTile.ROWS);
        for (var row = from; row < end; row += DotTile.ROWS) {
            var rows = Math.min(DotTile.ROWS, end - row);
            block.load(matrix, row, row + rows);
            for (var r = 0; r < rows; r++) {
                Unpack.row(matrix, row + r, r, block, weights, r * stride);
            }
            for (var t = 0; t < tokens; t += 2) {
                var second = Math.min(t + 1, tokens - 1);
                DotTile.multiply(weights, 0, stride, input.data(), t * stride, second * stride, sums);
                System.arraycopy(sums, 0, out.data(), out.rowOffset(t) + row, rows);
                System.arraycopy(sums, DotTile.ROWS, out.data(), out.rowOffset(second) + row, rows);
            }
        }
    }

    private static int tileRows(Matrix matrix) {
        return Math.clamp(UNPACKED_FLOATS / matrix.cols() & -Tile.ROWS, Tile.ROWS, 64);
    }

    private void tiles(Matrix matrix, int from, int end, RowBlock block) {
        var cols = matrix.cols();
        var tiles = (tokens + Tile.COLS - 1) / Tile.COLS;
        var sums = block.results(tiles * blockRows * Tile.COLS);
        Arrays.fill(sums, 0, tiles * blockRows * Tile.COLS, 0);
        var weights = panels(matrix, from, end, block);
        for (var k = 0; k < cols; k += Tile.DEPTH) {
            var count = Math.min(Tile.DEPTH, cols - k);
            var panel = k / Tile.DEPTH * blockRows;
            for (var tile = 0; tile < tiles; tile++) {
                var x = (tile * cols + k) * Tile.COLS;
                for (var row = 0; row < end - from; row += Tile.ROWS) {
                    var sum = (tile * blockRows + row) * Tile.COLS;
                    Tile.multiplyRows(weights, (panel + row) * Tile.STRIDE, input.data(), x, sums, sum, count);
                }
            }
        }
        store(sums, from, end);
    }

    /// Unpacks rows and cuts them into panels `[columns / DEPTH][row][STRIDE]`.
    private float[] panels(Matrix matrix, int from, int end, RowBlock block) {
        var cols = matrix.cols();
        var row = block.weights(cols + Lanes.COUNT);
        var panels = block.panels((cols + Tile.DEPTH - 1) / Tile.DEPTH * blockRows * Tile.STRIDE);
        block.load(matrix, from, end);
        for (var r = 0; r < end - from; r++) {
            Unpack.row(matrix, from + r, r, block, row, 0);
            for (var k = 0; k < cols; k += Tile.DEPTH) {
                var to = (k / Tile.DEPTH * blockRows + r) * Tile.STRIDE;
                System.arraycopy(row, k, panels, to, Math.min(Tile.DEPTH, cols - k));
            }
        }
        return panels;
    }

    /// Turns `[tile][row][token]` into rows of tokens.
    private void store(float[] sums, int from, int end) {
        for (var t = 0; t < tokens; t++) {
            var sum = t / Tile.COLS * blockRows * Tile.COLS + t % Tile.COLS;
            var to = out.rowOffset(t) + from;
            for (var row = 0; row < end - from; row++) {
                out.data()[to + row] = sums[sum + row * Tile.COLS];
            }
        }
    }
}
