package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.QuantizationMode;
import org.jspecify.annotations.Nullable;

/// How the weights of one path are quantized. Source: mlx-lm `utils.py`, `load_model`.
record Quantization(int bits, int groupSize, QuantizationMode mode) {
    private static final String SUPPORTED = "AFFINE with bits 2, 3, 4, 5, 6 or 8 and group_size 32, 64 or 128, MXFP4"
            + " with 4 and 32, MXFP8 with 8 and 32, NVFP4 with 4 and 16";

    private static final Quantization MXFP4 = new Quantization(4, 32, QuantizationMode.MXFP4);
    private static final Quantization MXFP8 = new Quantization(8, 32, QuantizationMode.MXFP8);
    private static final Quantization NVFP4 = new Quantization(4, 16, QuantizationMode.NVFP4);

    /// The entry of `config.json`'s `quantization` for `path`: its own override, else the general values, else what
    /// `quantization_config` means in other tools' words.
    ///
    /// Null when the file says nothing about quantization, or says `false` for the path.
    static @Nullable Quantization forPath(ModelConfig config, String path) {
        var general = config.objectOrNull("quantization");
        if (general == null) {
            return foreign(config);
        }
        if (general.isFalse(path)) {
            return null;
        }
        var own = general.object(path);
        return read(own != null ? own : general, path);
    }

    private static Quantization read(ModelConfig entry, String path) {
        var bits = entry.integer("bits", 2);
        var groupSize = entry.integer("group_size", 1);
        var quantization = new Quantization(bits, groupSize, mode(path, entry.string("mode", "affine")));
        if (!quantization.isKnown()) {
            throw new ModelLoadException("config.json: quantization of " + path + ": " + quantization.mode
                    + " with bits " + bits + " and group_size " + groupSize + " is not supported; supported: "
                    + SUPPORTED);
        }
        return quantization;
    }

    private boolean isKnown() {
        return switch (mode) {
            case AFFINE ->
                bits >= 2 && bits <= 8 && bits != 7 && (groupSize == 32 || groupSize == 64 || groupSize == 128);
            case MXFP4 -> equals(MXFP4);
            case MXFP8 -> equals(MXFP8);
            case NVFP4 -> equals(NVFP4);
        };
    }

    private static QuantizationMode mode(String path, String mode) {
        return switch (mode) {
            case "affine" -> QuantizationMode.AFFINE;
            case "mxfp4" -> QuantizationMode.MXFP4;
            case "mxfp8" -> QuantizationMode.MXFP8;
            case "nvfp4" -> QuantizationMode.NVFP4;
            default ->
                throw new ModelLoadException("config.json: quantization of " + path + ": mode \"" + mode
                        + "\" is not supported yet; supported: affine, mxfp4, mxfp8, nvfp4");
        };
    }

    /// What `quantization_config` says, in the words of transformers, AutoAWQ or ModelOpt; null where there is
    /// none.
    private static @Nullable Quantization foreign(ModelConfig config) {
        var text = config.object("text_config");
        var found = config.object("quantization_config");
        if (found == null && text != null) {
            found = text.object("quantization_config");
        }
        if (found == null) {
            return null;
        }
        if (!found.has("quant_method")) {
            return read(found, "all layers");
        }
        var method = found.string("quant_method");
        var known = switch (method) {
            case "mxfp4" -> MXFP4;
            case "mxfp8" -> MXFP8;
            case "fp8" -> found.string("scale_fmt", "").equals("ue8m0") ? MXFP8 : null;
            case "compressed-tensors" -> compressedTensors(found.string("format", ""));
            case "modelopt" -> modelOpt(found);
            case "awq", "gptq" ->
                found.integer("bits", 1, 4) == 4
                        ? new Quantization(4, found.integer("group_size", 1, 128), QuantizationMode.AFFINE)
                        : null;
            default -> null;
        };
        if (known == null || !known.isKnown()) {
            throw new ModelLoadException("config.json: quantization_config: quant_method \"" + method
                    + "\" is not supported as it is used here; supported: mxfp4, mxfp8, fp8 with scale_fmt ue8m0,"
                    + " compressed-tensors with format pack-quantized, mxfp4-pack-quantized or nvfp4-pack-quantized,"
                    + " modelopt with quant_algo NVFP4, awq and gptq with 4 bits");
        }
        return known;
    }

    private static @Nullable Quantization compressedTensors(String format) {
        return switch (format) {
            case "nvfp4-pack-quantized" -> NVFP4;
            case "mxfp4-pack-quantized" -> MXFP4;
            case "pack-quantized" -> new Quantization(4, 32, QuantizationMode.AFFINE);
            default -> null;
        };
    }

    private static @Nullable Quantization modelOpt(ModelConfig found) {
        var nested = found.object("quantization");
        var settings = nested == null ? found : nested;
        return settings.string("quant_algo", "").equals("NVFP4")
                ? new Quantization(4, settings.integer("group_size", 1, 16), QuantizationMode.NVFP4)
                : null;
    }

    /// Whether `config.json` names `path` itself.
    static boolean isNamed(ModelConfig config, String path) {
        var general = config.object("quantization");
        return general != null && general.object(path) != null;
    }

    /// How weights of `cols` columns are quantized by the looks of them, where that is something that there is: the
    /// general values need not hold for a layer that `config.json` does not name.
    Quantization asStored(TensorInfo packed, TensorInfo scales, int cols) {
        var words = packed.shape().length == 0 ? 0 : packed.shape()[packed.shape().length - 1];
        var groups = scales.shape().length == 0 ? 0 : scales.shape()[scales.shape().length - 1];
        if (groups < 1 || cols % groups != 0 || words * 32L % cols != 0) {
            return this;
        }
        var foundBits = (int) (words * 32L / cols);
        var foundSize = cols / groups;
        var found = scales.dtype() == DType.U8
                ? new Quantization(foundBits, foundSize, floatMode(foundBits, foundSize))
                : new Quantization(foundBits, foundSize, QuantizationMode.AFFINE);
        return found.isKnown() ? found : this;
    }

    private static QuantizationMode floatMode(int bits, int groupSize) {
        return bits == 8 ? QuantizationMode.MXFP8 : groupSize == 16 ? QuantizationMode.NVFP4 : QuantizationMode.MXFP4;
    }
}
