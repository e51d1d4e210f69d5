package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.Matrix;
import java.util.Arrays;
import jdk.incubator.vector.VectorShuffle;
import org.jspecify.annotations.Nullable;

/// How quantized weights of one bit width and group size lie in the 32-bit lanes of a vector.
///
/// A lane holds `values` consecutive weights, value `j` at bit `shifts[lane] + j * bits`. For 4 and 8 bits that is
/// the word as stored; for 3 and 6 bits `spread` puts 3 bytes (24 bits) into each lane, for 5 bits 20 bits, which
/// start in the middle of a byte in every other lane. `expand` gives each lane of a vector its group's scale, when the
/// scales from the first lane's group on were loaded.
///
/// Kernels walk a row vector by vector and value by value, so they meet the weights in *lane order*: vector, value `j`,
/// lane `l` is column `(vector * COUNT + l) * values + j`. Activations are arranged to match. `masks` (one vector for
/// each value) cut a value out where it lies. Immutable; any thread.
record PackedLayout(
        int bits,
        int groupSize,
        int values,
        int vectorBytes,
        int lanesPerGroup,
        VectorShuffle<Float> expand,
        VectorShuffle<Byte> spread,
        int[] shifts,
        float[] factors,
        int[] masks,
        int[] starts) {

    private static final PackedLayout[][] BY_BITS_AND_GROUP = table();

    static PackedLayout of(Matrix.Quantized matrix) {
        return BY_BITS_AND_GROUP[matrix.bits()][Integer.numberOfTrailingZeros(matrix.groupSize() / 32)];
    }

    /// The layout of `matrix`; null for a dense one.
    static @Nullable PackedLayout ofNullable(Matrix matrix) {
        return matrix instanceof Matrix.Quantized quantized ? of(quantized) : null;
    }

    /// Whether a lane is a word as stored.
    boolean isWord() {
        return bits * values == Integer.SIZE;
    }

    /// What an activation is multiplied with when its weight is not shifted down from its place in the lane: a power
    /// of two, so exact. The uppermost value of a full word is shifted, as its mask would make it negative.
    float factor(int value, int lane) {
        return factors[value * Lanes.COUNT + lane];
    }

    /// Group of a lane, counted from the row's first: `lane >> groupShift`.
    int groupShift() {
        return Integer.numberOfTrailingZeros(lanesPerGroup);
    }

    /// Lanes that `cols` weights take.
    int lanes(int cols) {
        return cols / values;
    }

    /// Vectors that `cols` weights take, the last one perhaps in part.
    int vectors(int cols) {
        return (lanes(cols) + Lanes.COUNT - 1) / Lanes.COUNT;
    }

    /// The columns of a row in lane order; a partly used last vector is closed up, so that there are no gaps.
    int[] laneOrder(int cols) {
        var order = new int[cols];
        var at = 0;
        for (var first = 0; first < lanes(cols); first += Lanes.COUNT) {
            var used = Math.min(Lanes.COUNT, lanes(cols) - first);
            for (var j = 0; j < values; j++) {
                for (var l = 0; l < used; l++) {
                    order[at++] = (first + l) * values + j;
                }
            }
        }
        return order;
    }

    private static PackedLayout[][] table() {
        var table = new PackedLayout[9][];
        for (var bits : new int[] {2, 3, 4, 5, 6, 8}) {
            table[bits] = new PackedLayout[] {create(bits, 32), create(bits, 64), create(bits, 128)};
        }
        return table;
    }

    private static PackedLayout create(int bits, int groupSize) {
        var values = bits <= 4 ? 8 : 4;
        var lanesPerGroup = groupSize / values;
        return new PackedLayout(
                bits,
                groupSize,
                values,
                Lanes.COUNT * values * bits / Byte.SIZE,
                lanesPerGroup,
                expand(lanesPerGroup),
                spread(values * bits),
                shifts(values * bits),
                factors(bits, values),
                masks(bits, values),
                starts(values));
    }

    private static VectorShuffle<Float> expand(int lanesPerGroup) {
        return VectorShuffle.fromOp(Lanes.FLOAT, lane -> lane / lanesPerGroup);
    }

    private static VectorShuffle<Byte> spread(int laneBits) {
        return VectorShuffle.fromOp(Lanes.BYTE, index -> {
            var lane = index / Integer.BYTES;
            return Math.min(lane * laneBits / Byte.SIZE + index % Integer.BYTES, Lanes.BYTES - 1);
        });
    }

    private static int[] shifts(int laneBits) {
        var shifts = new int[Lanes.COUNT];
        Arrays.setAll(shifts, lane -> lane * laneBits % Byte.SIZE);
        return shifts;
    }

    private static float[] factors(int bits, int values) {
        var factors = new float[values * Lanes.COUNT];
        for (var j = 0; j < values; j++) {
            for (var lane = 0; lane < Lanes.COUNT; lane++) {
                var shift = shifts(values * bits)[lane] + j * bits;
                factors[j * Lanes.COUNT + lane] = shift + bits == Integer.SIZE ? 1 : Math.scalb(1f, -shift);
            }
        }
        return factors;
    }

    private static int[] masks(int bits, int values) {
        var masks = new int[values * Lanes.COUNT];
        for (var i = 0; i < masks.length; i++) {
            var shift = shifts(values * bits)[i % Lanes.COUNT] + i / Lanes.COUNT * bits;
            masks[i] = ((1 << bits) - 1) << shift;
        }
        return masks;
    }

    private static int[] starts(int values) {
        var starts = new int[Lanes.COUNT];
        Arrays.setAll(starts, lane -> lane * values);
        return starts;
    }
}
