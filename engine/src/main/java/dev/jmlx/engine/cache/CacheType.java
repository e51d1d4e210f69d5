package dev.jmlx.engine.cache;

/// How a cache stores the elements of keys and values. Any thread.
public enum CacheType {
    /// As computed.
    F32(Float.BYTES, 0),

    /// IEEE half precision, saturated at 65504. Magnitudes below 2^-14 become 0: kernels multiply by
    /// widened elements that are subnormal f32 then, which some processors do in microcode.
    F16(Short.BYTES, 0),

    /// The upper half of an f32, rounded to the nearest.
    BF16(Short.BYTES, 0),

    /// Whole numbers from -127 to 127 times an f32 scale for each position and head: its largest
    /// magnitude / 127.
    INT8(Byte.BYTES, Float.BYTES);

    private final int elementBytes;
    private final int scaleBytes;

    CacheType(int elementBytes, int scaleBytes) {
        this.elementBytes = elementBytes;
        this.scaleBytes = scaleBytes;
    }

    public int elementBytes() {
        return elementBytes;
    }

    /// Bytes beside the elements for each position, head, and keys or values.
    public int scaleBytes() {
        return scaleBytes;
    }
}
