package dev.jmlx.engine.cpu;

import org.jspecify.annotations.Nullable;

/// The activations of a few tokens as [FewTokens] wants them: `[tile][column][4 tokens]`, scaled by the place
/// of the weight they will meet as in [VectorInput], and their sums by group, `[tile][group][4 tokens]`.
///
/// Tokens that the last tile has too much are zero. Remembers what it holds; [#forget] must be called when
/// tensors may have changed. Engine thread; workers read.
final class FewInput {
    private static final int WIDTH = FewTokens.TOKENS;

    private float[] values = new float[0];
    private float[] sums = new float[0];
    private @Nullable CpuTensor tensor;
    private int tokens;
    private int cols;
    private int bits;
    private int groupSize;
    private float factor;

    /// Arranges the rows of `x` for weights like `weight`.
    void prepare(CpuTensor x, RowBlocks weight) {
        switch (weight) {
            case RowBlocks.Dense dense -> prepare(x, 0, x.cols(), VectorInput.inFactor(dense.type()));
            case RowBlocks.Microscaled microscaled -> prepare(x, 0, x.cols(), microscaled.format().unit);
            case RowBlocks.Quantized quantized ->
                prepare(x, quantized.bits(), quantized.groupSize(), VectorInput.inFactor(quantized.scaleType()));
        }
    }

    /// `newBits` 0: for weights that have no biases, all columns being a group.
    private void prepare(CpuTensor x, int newBits, int newGroupSize, float newFactor) {
        if (x == tensor && newBits == bits && newGroupSize == groupSize && newFactor == factor) {
            return;
        }
        tensor = x;
        tokens = x.rows();
        cols = x.cols();
        bits = newBits;
        groupSize = newGroupSize;
        factor = newFactor;
        var room = tiles() * cols * WIDTH;
        if (values.length < room) {
            values = new float[room];
            sums = new float[room];
        }
        for (var token = 0; token < tiles() * WIDTH; token++) {
            fill(x, token);
        }
    }

    /// Says that tensors were given back or written to.
    void forget() {
        tensor = null;
    }

    int tiles() {
        return Math.ceilDiv(tokens, WIDTH);
    }

    float[] values() {
        return values;
    }

    int valuesAt(int tile) {
        return tile * cols * WIDTH;
    }

    float[] sums() {
        return sums;
    }

    int sumsAt(int tile) {
        return tile * (cols / groupSize) * WIDTH;
    }

    private void fill(CpuTensor x, int token) {
        var period = bits == 4 || bits == 8 ? VectorInput.unshiftedValues(bits) : 1;
        var to = valuesAt(token / WIDTH) + token % WIDTH;
        var sumTo = sumsAt(token / WIDTH) + token % WIDTH;
        var real = token < x.rows();
        var step = 1f / (1 << bits);
        for (var group = 0; group < cols / groupSize; group++) {
            var sum = 0f;
            var scale = factor;
            for (var c = group * groupSize; c < (group + 1) * groupSize; c++) {
                var value = real ? x.data()[x.rowOffset(token) + c] : 0;
                scale = c % period == 0 ? factor : scale * step;
                values[to + c * WIDTH] = value * scale;
                sum += value;
            }
            sums[sumTo + group * WIDTH] = sum * factor;
        }
    }
}
