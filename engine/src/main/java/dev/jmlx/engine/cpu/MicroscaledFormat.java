package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.QuantizationMode;
import dev.jmlx.engine.tensor.SmallFloats;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// How the float modes' codes and scales become f32 lanes.
///
/// The bits of a small float, moved to where f32 has its sign, exponent and mantissa, are its value times a
/// power of two, subnormals included. E4M3 is read so. The few codes that are subnormal in f32 too cost some
/// processors a hundred cycles, which does no harm: 1 weight of 10,000 is that much smaller than the largest of
/// its group. Of E2M1 codes it would be one in eight, so that they are looked up in a table instead, except at
/// 128 bits, where no vector holds one (NEON computes with subnormals at full speed).
///
/// Kernels multiply their activations by `unit` and their sums by it once more. A scale of zero bits is 0 here
/// and not `2^-127`, and the code that E4M3 reserves for what is no number is 480.
enum MicroscaledFormat {
    MXFP4(4, 32, 23, 0x7F80_0000, 1),
    MXFP8(8, 32, 23, 0x7F80_0000, 1),
    NVFP4(4, 16, 20, 0x87F0_0000, 0x1p120f);

    /// The values of E2M1 in the order of their codes, as bits of f32.
    private static final int[] E2M1 = {
        0,
        0x3F00_0000,
        0x3F80_0000,
        0x3FC0_0000,
        0x4000_0000,
        0x4040_0000,
        0x4080_0000,
        0x40C0_0000,
        0x8000_0000,
        0xBF00_0000,
        0xBF80_0000,
        0xBFC0_0000,
        0xC000_0000,
        0xC040_0000,
        0xC080_0000,
        0xC0C0_0000
    };

    private static final int SIGN = 0x8000_0000;

    /// Bits of a code.
    final int bits;

    /// Weights to a scale.
    final int groupSize;

    /// The square root of what codes have to be multiplied by.
    final float unit;

    private final int scaleShift;
    private final int scaleMask;
    private final float scaleUnit;

    MicroscaledFormat(int bits, int groupSize, int scaleShift, int scaleMask, float scaleUnit) {
        this.bits = bits;
        this.groupSize = groupSize;
        this.unit = bits == 8 ? 0x1p60f : Lanes.COUNT == 4 ? 0x1p63f : 1;
        this.scaleShift = scaleShift;
        this.scaleMask = scaleMask;
        this.scaleUnit = scaleUnit;
    }

    /// The format of weights of `mode`, which is not AFFINE.
    static MicroscaledFormat of(QuantizationMode mode) {
        return switch (mode) {
            case MXFP4 -> MXFP4;
            case MXFP8 -> MXFP8;
            case NVFP4 -> NVFP4;
            case AFFINE -> throw new IllegalArgumentException("affine weights are no small floats");
        };
    }

    /// Codes in a word of 32 bits.
    int perWord() {
        return Integer.SIZE / bits;
    }

    /// The value of one code.
    float value(int code) {
        return bits == 4 ? SmallFloats.e2m1(code) : SmallFloats.e4m3(code);
    }

    /// The value of one scale.
    float scale(int code) {
        return this == NVFP4 ? SmallFloats.e4m3(code) : SmallFloats.e8m0(code);
    }

    /// What [#e2m1] looks its values up in.
    static IntVector table() {
        return IntVector.fromArray(Lanes.INT, E2M1, 0);
    }

    /// The E2M1 codes in the lowest four bits of each lane.
    static FloatVector e2m1(IntVector words, IntVector table) {
        if (Lanes.COUNT == 16) {
            return (FloatVector) words.selectFrom(table).reinterpretShape(Lanes.FLOAT, 0);
        }
        var sign = words.lanewise(VectorOperators.LSHL, 28);
        if (Lanes.COUNT == 8) {
            // Only the magnitudes fit the table; the index is taken modulo its length.
            return (FloatVector) words.selectFrom(table).or(sign.and(SIGN)).reinterpretShape(Lanes.FLOAT, 0);
        }
        return (FloatVector)
                sign.lanewise(VectorOperators.ASHR, 6).and(0x81C0_0000).reinterpretShape(Lanes.FLOAT, 0);
    }

    /// The E4M3 codes in the highest eight bits of each lane.
    static FloatVector e4m3(IntVector words) {
        return (FloatVector)
                words.lanewise(VectorOperators.ASHR, 4).and(0x87F0_0000).reinterpretShape(Lanes.FLOAT, 0);
    }

    /// The scales at byte `at`, one for each lane.
    FloatVector scales(MemorySegment data, long at) {
        var scales = (FloatVector)
                ((IntVector) ByteVector.fromMemorySegment(Lanes.QUARTER, data, at, ByteOrder.LITTLE_ENDIAN)
                                .convertShape(VectorOperators.B2I, Lanes.INT, 0))
                        .lanewise(VectorOperators.LSHL, scaleShift)
                        .and(scaleMask)
                        .reinterpretShape(Lanes.FLOAT, 0);
        return scales.mul(scaleUnit);
    }
}
