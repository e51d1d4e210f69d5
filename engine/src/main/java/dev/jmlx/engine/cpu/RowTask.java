package dev.jmlx.engine.cpu;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.PositionScale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The operations that look at one row at a time (norms, sum, scale, gate, soft cap, rotation), spread over the
/// pool when there are many rows.
///
/// One long-lived object per [CpuOps]; engine thread, workers inside the operations.
final class RowTask implements WorkerPool.Task {
    /// Elements in a block: about 2 microseconds, ten times what handing it out costs.
    private static final int BLOCK_ELEMENTS = 1 << 14;

    private final WorkerPool pool;
    private Kind kind = Kind.ADD;
    private CpuTensor a = new CpuTensor();
    private CpuTensor b = a;
    private CpuTensor out = a;
    private float @Nullable [] weight;
    private float @Nullable [] bias;
    private @Nullable RopeKernel rope;
    private @Nullable PositionScale positionScale;
    private @Nullable Batch batch;
    private int headDim;

    /// Features that are normed together.
    private int stretch;

    /// The norm's epsilon, the factor, or the cap.
    private float parameter;

    private Activation activation = Activation.SILU;
    private int blockRows;

    private enum Kind {
        ADD,
        SCALE,
        SCALE_BY_POSITION,
        SCALE_BY_GATE,
        RMS_NORM,
        LAYER_NORM,
        GATE,
        SOFTCAP,
        ROPE
    }

    RowTask(WorkerPool pool) {
        this.pool = pool;
    }

    void add(CpuTensor x, CpuTensor y, CpuTensor result) {
        b = y;
        start(Kind.ADD, x, result);
    }

    /// Over stretches of `size` features.
    void rmsNorm(CpuTensor x, float[] scale, int size, float epsilon, CpuTensor result) {
        weight = scale;
        stretch = size;
        parameter = epsilon;
        start(Kind.RMS_NORM, x, result);
    }

    void layerNorm(CpuTensor x, float[] scale, float @Nullable [] shift, float epsilon, CpuTensor result) {
        weight = scale;
        bias = shift;
        parameter = epsilon;
        start(Kind.LAYER_NORM, x, result);
    }

    void scale(CpuTensor x, float factor, CpuTensor result) {
        parameter = factor;
        start(Kind.SCALE, x, result);
    }

    void scaleByPosition(CpuTensor x, PositionScale factors, Batch tokens, CpuTensor result) {
        positionScale = factors;
        batch = tokens;
        start(Kind.SCALE_BY_POSITION, x, result);
    }

    /// Multiplies each row by its value of `gate`, `[rows, 1]`, after `function`.
    void scaleByGate(CpuTensor x, CpuTensor gate, Activation function, CpuTensor result) {
        b = gate;
        activation = function;
        start(Kind.SCALE_BY_GATE, x, result);
    }

    void softcap(CpuTensor x, float cap, CpuTensor result) {
        parameter = cap;
        start(Kind.SOFTCAP, x, result);
    }

    /// `kernel` is ready for the positions of `tokens`.
    void rope(CpuTensor x, RopeKernel kernel, int size, Batch tokens, CpuTensor result) {
        rope = kernel;
        headDim = size;
        batch = tokens;
        start(Kind.ROPE, x, result);
    }

    /// `result = activation(gate) * up`; `result` may be `gate`.
    void gate(CpuTensor gate, CpuTensor up, Activation function, CpuTensor result) {
        b = up;
        activation = function;
        start(Kind.GATE, gate, result);
    }

    @Override
    public void run(int worker, int block) {
        var end = Math.min(a.rows(), (block + 1) * blockRows);
        for (var row = block * blockRows; row < end; row++) {
            row(row, a.data(), a.rowOffset(row), out.data(), out.rowOffset(row), a.cols());
        }
    }

    private void row(int row, float[] x, int from, float[] y, int to, int cols) {
        switch (kind) {
            case ADD -> Elementwise.add(x, from, b.data(), b.rowOffset(row), y, to, cols);
            case SCALE -> Elementwise.scale(x, from, parameter, y, to, cols);
            case SCALE_BY_POSITION -> {
                var position = Objects.requireNonNull(batch).position(row);
                Elementwise.scale(x, from, Objects.requireNonNull(positionScale).at(position), y, to, cols);
            }
            case SCALE_BY_GATE -> {
                var factor = (float) ScalarOps.gate(activation, b.data()[b.rowOffset(row)], 1);
                Elementwise.scale(x, from, factor, y, to, cols);
            }
            case RMS_NORM -> {
                var scale = Objects.requireNonNull(weight);
                for (var i = 0; i < cols; i += stretch) {
                    Elementwise.rmsNorm(x, from + i, scale, i % scale.length, stretch, parameter, y, to + i);
                }
            }
            case LAYER_NORM -> Elementwise.layerNorm(x, from, Objects.requireNonNull(weight), bias, parameter, y, to);
            case GATE -> {
                copy(x, from, y, to, cols);
                Elementwise.gate(activation, y, to, b.data(), b.rowOffset(row), cols);
            }
            case SOFTCAP -> {
                copy(x, from, y, to, cols);
                Exponentials.softcap(y, to, cols, 1 / parameter, parameter);
            }
            case ROPE -> {
                copy(x, from, y, to, cols);
                var position = Objects.requireNonNull(batch).position(row);
                Objects.requireNonNull(rope).rotate(y, to, cols, headDim, position);
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // in place or not
    private static void copy(float[] x, int from, float[] y, int to, int count) {
        if (x != y || from != to) {
            System.arraycopy(x, from, y, to, count);
        }
    }

    private void start(Kind operation, CpuTensor x, CpuTensor result) {
        kind = operation;
        a = x;
        out = result;
        blockRows = Math.max(1, BLOCK_ELEMENTS / Math.max(1, x.cols()));
        pool.run(this, (x.rows() + blockRows - 1) / blockRows);
    }
}
