package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Tensor;

/// Activations on the heap: `[rows, cols]` row-major from `offset` in `data`, rows close together.
///
/// A handle that [StepArena] points at other memory in the next step. Engine thread; workers read and write
/// `data` within one operation.
final class CpuTensor implements Tensor {
    private float[] data = new float[0];
    private int offset;
    private int rows;
    private int cols;

    void point(float[] newData, int newOffset, int newRows, int newCols) {
        data = newData;
        offset = newOffset;
        rows = newRows;
        cols = newCols;
    }

    float[] data() {
        return data;
    }

    int offset() {
        return offset;
    }

    /// Index of the first element of `row`.
    int rowOffset(int row) {
        return offset + row * cols;
    }

    int size() {
        return rows * cols;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int cols() {
        return cols;
    }
}
