package dev.jmlx.engine.cpu;

import jdk.incubator.vector.FloatVector;

/// Joins what several units computed for one tile from different positions, each as
/// [AttentionTile#storePartial] leaves it: results `[rows, width]`, maxima `[rows]` in base 2, sums `[rows]`.
/// Any thread.
final class AttentionMerge {
    private AttentionMerge() {}

    /// Floats of one partial result.
    static int size(int rows, int width) {
        return rows * (width + 2);
    }

    /// Merges row `row` of `pieces` consecutive partials into the first of them; returns the sum of
    /// its weights.
    static float row(float[] partials, int first, int pieces, int rows, int width, int row) {
        var size = size(rows, width);
        var maxAt = first + rows * width + row;
        var max = Float.NEGATIVE_INFINITY;
        for (var piece = 0; piece < pieces; piece++) {
            max = Math.max(max, partials[maxAt + piece * size]);
        }
        var to = first + row * width;
        var factor = SoftmaxRows.power(partials[maxAt] - max);
        var sum = factor * partials[maxAt + rows];
        SoftmaxRows.scale(partials, to, width, factor);
        for (var piece = 1; piece < pieces; piece++) {
            factor = SoftmaxRows.power(partials[maxAt + piece * size] - max);
            sum += factor * partials[maxAt + rows + piece * size];
            add(partials, to, to + piece * size, width, factor);
        }
        return sum;
    }

    private static void add(float[] x, int to, int from, int count, float factor) {
        for (var i = 0; i < count; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, x, from + i)
                    .fma(FloatVector.broadcast(Lanes.FLOAT, factor), FloatVector.fromArray(Lanes.FLOAT, x, to + i))
                    .intoArray(x, to + i);
        }
    }
}
