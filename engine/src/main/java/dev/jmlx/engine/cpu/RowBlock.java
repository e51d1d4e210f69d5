package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Some consecutive rows of a weight matrix, made ready for a kernel, and the scratch memory of one worker.
///
/// [#load] points at the packed rows and widens their scales and biases. Kernels read whole vectors and so run past the
/// end of a row, into the next; rows at the end of the mapped segment are therefore copied to memory with room behind.
/// What lies behind is multiplied by zero activations. Arrays grow to the largest use and stay. One worker only.
final class RowBlock {
    /// Packed weights of the block, the first row at byte `start`.
    MemorySegment packed = MemorySegment.NULL;

    long start;
    int rows;

    /// Bytes from one packed row to the next.
    int rowBytes;

    /// Groups in a row; group `g` of row `r` has `scales[r * groups + g]`.
    int groups;

    float[] scales = new float[0];
    float[] biases = new float[0];

    private short[] raw = new short[0];
    private MemorySegment padded = MemorySegment.NULL;
    private float[] weights = new float[0];
    private float[] panels = new float[0];
    private float[] results = new float[0];

    /// Makes rows `from .. to - 1` ready; dense rows are read where they are.
    void load(Matrix matrix, int from, int to) {
        switch (matrix) {
            case Matrix.Dense _ -> {}
            case Matrix.Quantized quantized -> load(quantized, from, to);
        }
    }

    /// Makes rows `from .. to - 1` ready.
    void load(Matrix.Quantized matrix, int from, int to) {
        rows = to - from;
        rowBytes = matrix.packedRowBytes();
        groups = matrix.groups();
        var count = rows * groups;
        var room = count + Lanes.COUNT;
        if (scales.length < room) {
            scales = new float[room];
            biases = new float[room];
        }
        raw(count);
        Widen.copy(matrix.scales(), matrix.scaleType(), (long) from * groups, count, scales, 0, raw);
        Widen.copy(matrix.biases(), matrix.scaleType(), (long) from * groups, count, biases, 0, raw);
        locate(matrix.packed(), (long) from * rowBytes, (long) rows * rowBytes);
    }

    /// Scratch for widening `count` elements.
    short[] raw(int count) {
        if (raw.length < count) {
            raw = new short[count];
        }
        return raw;
    }

    /// Scratch for `count` unpacked weights.
    float[] weights(int count) {
        if (weights.length < count) {
            weights = new float[count];
        }
        return weights;
    }

    /// Scratch for `count` unpacked weights in panels.
    float[] panels(int count) {
        if (panels.length < count) {
            panels = new float[count];
        }
        return panels;
    }

    /// Scratch for `count` results.
    float[] results(int count) {
        if (results.length < count) {
            results = new float[count];
        }
        return results;
    }

    private void locate(MemorySegment source, long from, long bytes) {
        if (from + bytes + Lanes.BYTES <= source.byteSize()) {
            packed = source;
            start = from;
            return;
        }
        if (padded.byteSize() < bytes + Lanes.BYTES) {
            padded = Arena.ofAuto().allocate(bytes + Lanes.BYTES, Lanes.BYTES);
        }
        MemorySegment.copy(source, from, padded, 0, bytes);
        packed = padded;
        start = 0;
    }
}
