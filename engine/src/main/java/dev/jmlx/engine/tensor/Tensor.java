package dev.jmlx.engine.tensor;

/// Activations of one step: an opaque `[rows, cols]` float matrix that a backend owns, row-major,
/// one row per token.
///
/// Model code passes tensors from operation to operation and never looks inside. A tensor is valid
/// until the next `Ops.beginStep()`; after that its memory belongs to another tensor. Used by the
/// engine thread only.
public interface Tensor {
    int rows();

    int cols();
}
