package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;

/// How 16-bit floats become f32 lanes without a conversion instruction, which the Vector API lacks: sign-extend
/// to 32 bits, shift left, mask.
///
/// For bf16 that is the value. For f16 it is the value times `2^-112`, subnormals included, since the exponent
/// fields differ in width and bias; kernels multiply their activations by `inFactor` and their sums by
/// `outFactor`, whose product is the missing power of two. Both are `2^56`, which keeps products far from
/// either end of f32's range.
enum HalfFormat {
    BF16(16, -1, 1, 1),
    F16(13, 0x8FFF_E000, 0x1p56f, 0x1p56f);

    final int shift;
    final int mask;
    final float inFactor;
    final float outFactor;

    HalfFormat(int shift, int mask, float inFactor, float outFactor) {
        this.shift = shift;
        this.mask = mask;
        this.inFactor = inFactor;
        this.outFactor = outFactor;
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
