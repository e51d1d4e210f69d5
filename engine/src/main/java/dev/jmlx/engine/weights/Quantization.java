package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.QuantizationMode;
import org.jspecify.annotations.Nullable;

/// How the weights of one path are quantized.
record Quantization(int bits, int groupSize, QuantizationMode mode) {

    /// The entry of `config.json`'s `quantization` for `path`: its own override, else the general
    /// values.
    ///
    /// Null when the file says nothing about quantization, or says `false` for the path. Source: mlx-lm
    /// `load_model`.
    static @Nullable Quantization forPath(ModelConfig config, String path) {
        var general = config.object("quantization");
        if (general == null || general.isFalse(path)) {
            return null;
        }
        var own = general.object(path);
        var entry = own != null ? own : general;
        var bits = entry.integer("bits", 2);
        var groupSize = entry.integer("group_size", 1);
        if (bits == 7 || bits > 8) {
            throw new ModelLoadException("config.json: quantization of " + path + ": bits " + bits
                    + " is not supported; supported: 2, 3, 4, 5, 6, 8");
        }
        if (groupSize != 32 && groupSize != 64 && groupSize != 128) {
            throw new ModelLoadException("config.json: quantization of " + path + ": group_size " + groupSize
                    + " is not supported; supported: 32, 64, 128");
        }
        return new Quantization(bits, groupSize, mode(path, entry.string("mode", "affine")));
    }

    private static QuantizationMode mode(String path, String mode) {
        if (!mode.equals("affine")) {
            throw new ModelLoadException("config.json: quantization of " + path + ": mode \"" + mode
                    + "\" is not supported yet; supported: affine");
        }
        return QuantizationMode.AFFINE;
    }
}
