package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// One tensor of a safetensors file: its name, element type, shape, and its bytes, mapped read-only.
///
/// Made by [Safetensors]; valid until the arena that it was read into closes. Immutable by agreement.
public record TensorInfo(String name, DType dtype, int[] shape, MemorySegment data) {

    /// "[576, 72] U32", for messages.
    String describe() {
        return Arrays.toString(shape) + " " + dtype;
    }
}
