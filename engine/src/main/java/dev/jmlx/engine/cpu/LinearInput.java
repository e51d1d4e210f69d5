package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;

/// The activations of a linear operation, arranged as the kernel for the weight's layout and the number of tokens
/// wants them.
///
/// Remembers what it holds, since q, k and v (and gate and up) read the same input; [#forget] must be called when
/// tensors may have changed. [#prepare] belongs to the engine thread and uses the pool; afterwards workers read.
final class LinearInput implements WorkerPool.Task {
    /// From this number of tokens on the matrix-matrix kernel pays; below, weights meet one token after the other.
    static final int MIN_TILE_TOKENS = 16;

    /// Tokens in a tile: two vectors of lanes.
    static final int TILE = Tile.COLS;

    private final WorkerPool pool;
    private final List<Order> orders = new ArrayList<>();
    private @Nullable CpuTensor tensor;
    private @Nullable PackedLayout layout;
    private Form form = Form.VECTOR;
    private float[] data = new float[0];
    private float[] laneSums = new float[0];
    private int[] order = new int[0];
    private int stride;

    /// How the activations lie in [#data].
    enum Form {
        /// One token against packed weights: lane order with whole vectors, values scaled by the inverse of their
        /// weight's place in the lane, and each lane's sum in [#laneSums].
        VECTOR,
        /// A few tokens: each a row in lane order, `stride` apart, zeros behind.
        ROWS,
        /// Many tokens: `[tile][column in lane order][TILE]`, missing tokens zero.
        TILES
    }

    private record Order(@Nullable PackedLayout layout, int cols, int[] columns) {}

    LinearInput(WorkerPool pool) {
        this.pool = pool;
    }

    /// Arranges `x` for weights in `newLayout` (null: dense).
    void prepare(CpuTensor x, @Nullable PackedLayout newLayout) {
        if (x == tensor && Objects.equals(newLayout, layout)) {
            return;
        }
        tensor = x;
        layout = newLayout;
        if (x.rows() >= MIN_TILE_TOKENS) {
            tiles(x);
        } else if (x.rows() == 1 && newLayout != null) {
            vector(x, newLayout);
        } else {
            rows(x);
        }
    }

    /// Says that tensors were given back or written to.
    void forget() {
        tensor = null;
    }

    Form form() {
        return form;
    }

    float[] data() {
        return data;
    }

    float[] laneSums() {
        return laneSums;
    }

    /// Floats from one token's row to the next, in the form ROWS.
    int stride() {
        return stride;
    }

    /// Writes an unpacked row of `matrix` to `out[to ..]` in the order of its columns.
    void scatter(Matrix matrix, float[] row, float[] out, int to) {
        var columns = order(PackedLayout.ofNullable(matrix), matrix.cols());
        for (var i = 0; i < columns.length; i++) {
            out[to + columns[i]] = row[i];
        }
    }

    private void vector(CpuTensor x, PackedLayout packed) {
        form = Form.VECTOR;
        var vectors = packed.vectors(x.cols());
        var values = packed.values();
        reserve(vectors * values * Lanes.COUNT);
        if (laneSums.length < vectors * Lanes.COUNT) {
            laneSums = new float[vectors * Lanes.COUNT];
        }
        var whole = packed.lanes(x.cols()) / Lanes.COUNT;
        for (var vector = 0; vector < whole; vector++) {
            wholeVector(x, packed, vector);
        }
        if (whole < vectors) {
            partVector(x, packed, whole, packed.lanes(x.cols()) - whole * Lanes.COUNT);
        }
    }

    private void wholeVector(CpuTensor x, PackedLayout packed, int vector) {
        var values = packed.values();
        var from = x.offset() + vector * Lanes.COUNT * values;
        var to = vector * Lanes.COUNT * values;
        var sum = FloatVector.zero(Lanes.FLOAT);
        for (var j = 0; j < values; j++) {
            var value = FloatVector.fromArray(Lanes.FLOAT, x.data(), from + j, packed.starts(), 0);
            sum = sum.add(value);
            value.mul(FloatVector.fromArray(Lanes.FLOAT, packed.factors(), j * Lanes.COUNT))
                    .intoArray(data, to + j * Lanes.COUNT);
        }
        sum.intoArray(laneSums, vector * Lanes.COUNT);
    }

    /// The last vector, of which only `used` lanes have weights; the others get zeros.
    private void partVector(CpuTensor x, PackedLayout packed, int vector, int used) {
        var values = packed.values();
        var from = x.offset() + vector * Lanes.COUNT * values;
        var to = vector * Lanes.COUNT * values;
        Arrays.fill(laneSums, vector * Lanes.COUNT, (vector + 1) * Lanes.COUNT, 0);
        Arrays.fill(data, to, to + Lanes.COUNT * values, 0);
        for (var j = 0; j < values; j++) {
            for (var lane = 0; lane < used; lane++) {
                var value = x.data()[from + lane * values + j];
                laneSums[vector * Lanes.COUNT + lane] += value;
                data[to + j * Lanes.COUNT + lane] = value * packed.factor(j, lane);
            }
        }
    }

    private void rows(CpuTensor x) {
        form = Form.ROWS;
        stride = Lanes.roundUp(x.cols());
        reserve(x.rows() * stride);
        order = order(layout, x.cols());
        for (var t = 0; t < x.rows(); t++) {
            var to = t * stride;
            for (var i = 0; i < order.length; i++) {
                data[to + i] = x.data()[x.rowOffset(t) + order[i]];
            }
            for (var i = order.length; i < stride; i++) {
                data[to + i] = 0;
            }
        }
    }

    private void tiles(CpuTensor x) {
        form = Form.TILES;
        var tiles = (x.rows() + TILE - 1) / TILE;
        reserve(Math.multiplyExact(tiles * TILE, x.cols()));
        order = order(layout, x.cols());
        pool.run(this, tiles);
    }

    /// Fills one tile.
    @Override
    public void run(int worker, int tile) {
        var x = Objects.requireNonNull(tensor);
        var tokens = Math.min(TILE, x.rows() - tile * TILE);
        var from = x.rowOffset(tile * TILE);
        for (var i = 0; i < order.length; i++) {
            var to = (tile * order.length + i) * TILE;
            var column = from + order[i];
            for (var t = 0; t < tokens; t++) {
                data[to + t] = x.data()[column + t * order.length];
            }
            for (var t = tokens; t < TILE; t++) {
                data[to + t] = 0;
            }
        }
    }

    private int[] order(@Nullable PackedLayout wanted, int cols) {
        for (var known : orders) {
            if (known.cols == cols && Objects.equals(known.layout, wanted)) {
                return known.columns;
            }
        }
        var columns = wanted == null ? natural(cols) : wanted.laneOrder(cols);
        orders.add(new Order(wanted, cols, columns));
        return columns;
    }

    private static int[] natural(int cols) {
        var order = new int[cols];
        for (var i = 0; i < cols; i++) {
            order[i] = i;
        }
        return order;
    }

    private void reserve(int floats) {
        if (data.length < floats) {
            data = new float[floats];
        }
    }
}
