package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Two row blocks' weights for a stretch of columns as f32, `[column][STRIDE]`: what products with several
/// tokens read, so that weights are unpacked once for all of them. The scratch of one worker.
final class Panel {
    private static final int ROWS = PanelTile.WIDTH;

    /// Columns of a panel at most, a whole number of groups.
    static final int DEPTH = 256;

    private final float[] data = new float[DEPTH * ROWS];
    private final float[] scales = new float[DEPTH * Lanes.COUNT];
    private final float[] biases = new float[DEPTH * Lanes.COUNT];
    private final short[] raw = new short[DEPTH * Lanes.COUNT];

    /// `[column][ROWS]`, as [#unpack] left it.
    float[] data() {
        return data;
    }

    /// Unpacks the columns `k .. k + count - 1` of the blocks `block` and `block + 1`; a block that is
    /// not there is left as it is. `k` and `count` are multiples of 32 where weights are quantized,
    /// and of the group where they are small floats.
    void unpack(RowBlocks weight, int block, int k, int count) {
        for (var half = 0; half < 2 && block + half < weight.blocks(); half++) {
            switch (weight) {
                case RowBlocks.Dense dense -> dense(dense, block + half, k, count, half * Lanes.COUNT);
                case RowBlocks.Quantized quantized -> quantized(quantized, block + half, k, count, half * Lanes.COUNT);
                case RowBlocks.Microscaled weights
                when weights.format().bits == 4 -> e2m1(weights, block + half, k, count, half * Lanes.COUNT);
                case RowBlocks.Microscaled weights -> e4m3(weights, block + half, k, count, half * Lanes.COUNT);
            }
        }
    }

    private void dense(RowBlocks.Dense w, int block, int k, int count, int at) {
        var from = ((long) block * w.cols() + k) * Lanes.COUNT;
        Widen.copy(w.data(), w.type(), from, count * Lanes.COUNT, scales, 0, raw);
        for (var i = 0; i < count; i++) {
            System.arraycopy(scales, i * Lanes.COUNT, data, i * ROWS + at, Lanes.COUNT);
        }
    }

    private void quantized(RowBlocks.Quantized w, int block, int k, int count, int at) {
        var first = k / w.groupSize();
        var groups = (k + count - 1) / w.groupSize() - first + 1;
        for (var g = 0; g < groups; g++) {
            var to = g * Lanes.COUNT;
            Widen.copy(w.data(), w.scaleType(), w.scalesAt(block, first + g), Lanes.COUNT, scales, to, raw);
            Widen.copy(w.data(), w.scaleType(), w.biasesAt(block, first + g), Lanes.COUNT, biases, to, raw);
        }
        for (var plane : w.planes()) {
            if (plane.shift() == 0) {
                lowPlane(w, plane, block, k, count, at);
            } else {
                highPlane(w, plane, block, k, count, at);
            }
        }
    }

    private void e2m1(RowBlocks.Microscaled w, int block, int k, int count, int at) {
        MemorySegment source = w.data();
        var format = w.format();
        var table = MicroscaledFormat.table();
        var unit = format.unit * format.unit;
        var words = w.words();
        var from = w.recordAt(block, k / format.groupSize);
        var to = at;
        for (var end = at + count * ROWS; to < end; from += Lanes.COUNT) {
            var scale = format.scales(source, from + (long) words * Lanes.BYTES).mul(w.factor());
            for (var i = 0; i < words; i++, from += Lanes.BYTES) {
                var codes = IntVector.fromMemorySegment(Lanes.INT, source, from, ByteOrder.LITTLE_ENDIAN);
                for (var j = 0; j < 8; j++, to += ROWS) {
                    MicroscaledFormat.e2m1(codes, table).mul(unit).mul(scale).intoArray(data, to);
                    codes = codes.lanewise(VectorOperators.LSHR, 4);
                }
            }
        }
    }

    private void e4m3(RowBlocks.Microscaled w, int block, int k, int count, int at) {
        MemorySegment source = w.data();
        var format = w.format();
        var unit = format.unit * format.unit;
        var words = w.words();
        var from = w.recordAt(block, k / format.groupSize);
        var to = at;
        for (var end = at + count * ROWS; to < end; from += Lanes.COUNT) {
            var scale = format.scales(source, from + (long) words * Lanes.BYTES).mul(w.factor());
            for (var i = 0; i < words; i++, from += Lanes.BYTES) {
                var codes = IntVector.fromMemorySegment(Lanes.INT, source, from, ByteOrder.LITTLE_ENDIAN);
                for (var shift = 24; shift >= 0; shift -= 8, to += ROWS) {
                    MicroscaledFormat.e4m3(codes.lanewise(VectorOperators.LSHL, shift))
                            .mul(unit)
                            .mul(scale)
                            .intoArray(data, to);
                }
            }
        }
    }

    /// `data = scale * q + bias`.
    private void lowPlane(RowBlocks.Quantized w, RowBlocks.Plane plane, int block, int k, int count, int at) {
        MemorySegment source = w.data();
        var values = plane.values();
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / values);
        var groupMask = w.groupSize() / values - 1;
        var skipped = k / values & groupMask;
        var gap = w.recordBytes() - w.wordBytes(plane);
        var from = w.wordAt(plane, block, k);
        var words = count / values;
        var bits = plane.bits();
        var mask = (1 << bits) - 1;
        var to = at;
        for (var i = 0; i < words; i++) {
            var word = IntVector.fromMemorySegment(Lanes.INT, source, from, ByteOrder.LITTLE_ENDIAN);
            from += ((i + skipped) & groupMask) == groupMask ? Lanes.BYTES + gap : Lanes.BYTES;
            var group = ((i + skipped) >> groupShift) * Lanes.COUNT;
            var scale = FloatVector.fromArray(Lanes.FLOAT, scales, group);
            var bias = FloatVector.fromArray(Lanes.FLOAT, biases, group);
            for (var j = 0; j < values; j++, to += ROWS) {
                ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                        .fma(scale, bias)
                        .intoArray(data, to);
                word = word.lanewise(VectorOperators.LSHR, bits);
            }
        }
    }

    /// `data += scale * 2^shift * q`.
    private void highPlane(RowBlocks.Quantized w, RowBlocks.Plane plane, int block, int k, int count, int at) {
        MemorySegment source = w.data();
        var values = plane.values();
        var groupShift = Integer.numberOfTrailingZeros(w.groupSize() / values);
        var groupMask = w.groupSize() / values - 1;
        var skipped = k / values & groupMask;
        var gap = w.recordBytes() - w.wordBytes(plane);
        var from = w.wordAt(plane, block, k);
        var words = count / values;
        var bits = plane.bits();
        var mask = (1 << bits) - 1;
        var factor = (float) (1 << plane.shift());
        var to = at;
        for (var i = 0; i < words; i++) {
            var word = IntVector.fromMemorySegment(Lanes.INT, source, from, ByteOrder.LITTLE_ENDIAN);
            from += ((i + skipped) & groupMask) == groupMask ? Lanes.BYTES + gap : Lanes.BYTES;
            var group = ((i + skipped) >> groupShift) * Lanes.COUNT;
            var scale = FloatVector.fromArray(Lanes.FLOAT, scales, group).mul(factor);
            for (var j = 0; j < values; j++, to += ROWS) {
                ((FloatVector) word.and(mask).convert(VectorOperators.I2F, 0))
                        .fma(scale, FloatVector.fromArray(Lanes.FLOAT, data, to))
                        .intoArray(data, to);
                word = word.lanewise(VectorOperators.LSHR, bits);
            }
        }
    }
}
