package dev.jmlx.engine.tensor;

/// An element type as safetensors files name it.
///
/// Source: the safetensors format description. `byteSize` is the size of one element.
public enum DType {
    F32(4),
    F16(2),
    BF16(2),
    U32(4),
    I32(4),
    U8(1);

    private final int byteSize;

    DType(int byteSize) {
        this.byteSize = byteSize;
    }

    public int byteSize() {
        return byteSize;
    }

    /// True for the types that a dense weight, a scale or a bias may have.
    public boolean isFloat() {
        return this == F32 || this == F16 || this == BF16;
    }
}
