package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.ScalarMatrix;
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
            case RowBlocks.Microscaled microscaled -> microscaled(microscaled, block, lane, out, to);
        }
    }

    private static void quantized(RowBlocks.Quantized w, int block, int lane, float[] out, int to) {
        for (var group = 0; group < w.groups(); group++) {
            var first = to + group * w.groupSize();
            for (var plane : w.planes()) {
                values(w, plane, w.recordAt(block, group), lane, out, first);
            }
            var scale = ScalarMatrix.element(w.data(), w.scaleType(), w.scalesAt(block, group) + lane);
            var bias = ScalarMatrix.element(w.data(), w.scaleType(), w.biasesAt(block, group) + lane);
            for (var c = first; c < first + w.groupSize(); c++) {
                out[c] = Math.fma(scale, out[c], bias);
            }
        }
    }

    private static void microscaled(RowBlocks.Microscaled w, int block, int lane, float[] out, int to) {
        var format = w.format();
        for (var col = 0; col < w.cols(); col++) {
            var group = col / format.groupSize;
            var inGroup = col % format.groupSize;
            var word = w.data()
                    .get(
                            INT,
                            w.recordAt(block, group)
                                    + (long) (inGroup / format.perWord()) * Lanes.BYTES
                                    + (long) lane * Integer.BYTES);
            var code = (word >>> (inGroup % format.perWord() * format.bits)) & ((1 << format.bits) - 1);
            var scale = Byte.toUnsignedInt(w.data().get(ValueLayout.JAVA_BYTE, w.scalesAt(block, group) + lane));
            out[to + col] = w.factor() * format.scale(scale) * format.value(code);
        }
    }

    /// The plane's part of a group's quantized values, added to what a lower plane left if there is one.
    private static void values(
            RowBlocks.Quantized w, RowBlocks.Plane plane, long record, int lane, float[] out, int to) {
        var words = w.groupSize() / plane.values();
        var mask = (1 << plane.bits()) - 1;
        var from = record + plane.offset() + (long) lane * Integer.BYTES;
        for (var i = 0; i < words; i++) {
            var word = w.data().get(INT, from + (long) i * Lanes.BYTES);
            var at = to + i * plane.values();
            for (var c = at; c < at + plane.values(); c++, word >>>= plane.bits()) {
                var value = (word & mask) << plane.shift();
                out[c] = plane.shift() > 0 ? out[c] + value : value;
            }
        }
    }
}
