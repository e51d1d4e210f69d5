package dev.jmlx.engine.cpu;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Reads one row of a weight matrix out of its [RowBlocks], for embedding lookups. Any thread.
final class EmbeddingRow {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private EmbeddingRow() {}

    /// Writes the `weight.cols()` values of `row` to `out[to ..]`.
    static void read(RowBlocks weight, int row, float[] out, int to) {
        var block = row / Lanes.COUNT;
        var lane = row % Lanes.COUNT;
        switch (weight) {
            case RowBlocks.Dense dense -> {
                var from = (long) block * dense.cols() * Lanes.COUNT + lane;
                for (var c = 0; c < dense.cols(); c++) {
                    out[to + c] = ScalarMatrix.element(dense.data(), dense.type(), from + (long) c * Lanes.COUNT);
                }
            }
            case RowBlocks.Quantized quantized -> quantized(quantized, block, lane, out, to);
        }
    }

    private static void quantized(RowBlocks.Quantized w, int block, int lane, float[] out, int to) {
        var planes = w.planes();
        for (var p = 0; p < planes.size(); p++) {
            values(planes.get(p), w.cols(), block, lane, p > 0, out, to);
        }
        for (var group = 0; group < w.groups(); group++) {
            var index = w.scalesAt(block) + (long) group * Lanes.COUNT + lane;
            var scale = ScalarMatrix.element(w.scales(), w.scaleType(), index);
            var bias = ScalarMatrix.element(w.biases(), w.scaleType(), index);
            for (var c = group * w.groupSize(); c < (group + 1) * w.groupSize(); c++) {
                out[to + c] = Math.fma(scale, out[to + c], bias);
            }
        }
    }

    /// The plane's part of the quantized values, added to what a lower plane left if there is one.
    private static void values(RowBlocks.Plane plane, int cols, int block, int lane, boolean add, float[] out, int to) {
        var words = cols / plane.values();
        var mask = (1 << plane.bits()) - 1;
        var from = ((long) block * words * Lanes.COUNT + lane) * Integer.BYTES;
        for (var i = 0; i < words; i++) {
            var word = plane.words().get(INT, from + (long) i * Lanes.BYTES);
            var at = to + i * plane.values();
            for (var c = at; c < at + plane.values(); c++, word >>>= plane.bits()) {
                var value = (word & mask) << plane.shift();
                out[c] = add ? out[c] + value : value;
            }
        }
    }
}
