package dev.jmlx.engine.tensor;

/// How a group of quantized weights is turned back into floats.
///
/// `AFFINE`: `w = scale * q + bias` with one scale and one bias per group. The others: `w = scale * q`, where
/// `q` is a small float and the scale one of 8 bits without a sign: `MXFP4` is E2M1 with a power of two for 32
/// weights, `MXFP8` E4M3 with the same, `NVFP4` E2M1 with an E4M3 for 16. Source: MLX `mx.quantize`; OCP
/// Microscaling Formats 1.0.
public enum QuantizationMode {
    AFFINE,
    MXFP4,
    MXFP8,
    NVFP4
}
