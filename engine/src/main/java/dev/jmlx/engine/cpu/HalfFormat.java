package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;

/// How 16-bit floats become f32 lanes without a conversion instruction, which the Vector API lacks: sign-extend
/// to 32 bits, shift left, mask.
///
/// For bf16 that is the value. For f16 it is the value times `2^-112`, subnormals included, since the exponent
/// fields differ in width and bias; kernels multiply their activations by `inFactor` and their sums by
/// `outFactor`, whose product is the missing power of two. Both are `2^56`, which keeps products far from
/// either end of f32's range. Multiplied by both, `2^112`, the lanes are the values themselves.
///
/// An f16 that is infinite or no number so becomes a finite float of at least [#limit]; kernels of one token and
/// of a few take it for that, prompts do not ([ShortUnit]).
enum HalfFormat {
    BF16(16, -1, 1, 1, Float.POSITIVE_INFINITY),
    F16(13, 0x8FFF_E000, 0x1p56f, 0x1p56f, 0x1p16f);

    final int shift;
    final int mask;
    final float inFactor;
    final float outFactor;

    /// Magnitude from which on a value, once it has both factors, was infinite or no number.
    final float limit;

    HalfFormat(int shift, int mask, float inFactor, float outFactor, float limit) {
        this.shift = shift;
        this.mask = mask;
        this.inFactor = inFactor;
        this.outFactor = outFactor;
        this.limit = limit;
    }

    /// The format of `type`, which is F16 or BF16.
    static HalfFormat of(DType type) {
        return switch (type) {
            case BF16 -> BF16;
            case F16 -> F16;
            case F32, U32, I32, U8 -> throw new IllegalArgumentException(type + " is no 16-bit float");
        };
    }
}
