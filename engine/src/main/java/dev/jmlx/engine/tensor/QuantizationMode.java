package dev.jmlx.engine.tensor;

/// How a group of quantized weights is turned back into floats.
///
/// `AFFINE`: `w = scale * q + bias` with one scale and one bias per group (MLX `mx.quantize`, mode
/// "affine").
public enum QuantizationMode {
    AFFINE
}
