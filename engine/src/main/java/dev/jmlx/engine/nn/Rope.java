package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;

/// Builds the rotation frequencies that a `config.json` asks for (`rope_theta`, `rope_scaling`).
///
/// Source: mlx-lm `rope_utils.initialize_rope`; the llama3 scheme is that of Llama 3.1's reference code.
public final class Rope {
    private Rope() {}

    /// Frequencies for the first `dims` elements of a head.
    public static RopeTable load(ModelConfig config, int dims, double defaultTheta) {
        if (dims % 2 != 0) {
            throw new ModelLoadException("config.json: rotary dimensions must be even, found " + dims);
        }
        var theta = config.number("rope_theta", defaultTheta);
        var inverse = new float[dims / 2];
        var scaling = config.objectOrNull("rope_scaling");
        var type = scaling == null ? "default" : scaling.string(scaling.has("type") ? "type" : "rope_type", "default");
        for (var i = 0; i < inverse.length; i++) {
            var frequency = Math.pow(theta, -2.0 * i / dims);
            inverse[i] = (float) (scaling == null ? frequency : scale(type, frequency, scaling));
            if (!(inverse[i] >= 0 && inverse[i] <= Float.MAX_VALUE)) {
                throw new ModelLoadException("config.json: rope_theta " + theta
                        + " and rope_scaling give the frequency " + inverse[i] + "; it must be 0 or above");
            }
        }
        return new RopeTable(inverse, config.flag("rope_traditional", false));
    }

    private static double scale(String type, double frequency, ModelConfig scaling) {
        return switch (type) {
            case "default" -> frequency;
            case "linear" -> frequency / scaling.number("factor");
            case "llama3" -> llama3(frequency, scaling);
            default ->
                throw new ModelLoadException("config.json: rope_scaling: type \"" + type
                        + "\" is not supported yet; supported: default, linear, llama3");
        };
    }

    /// Long wavelengths are stretched by `factor`, short ones kept, those between blended.
    private static double llama3(double frequency, ModelConfig scaling) {
        var factor = scaling.number("factor");
        var low = scaling.number("low_freq_factor", 1);
        var high = scaling.number("high_freq_factor", 4);
        var context = scaling.number("original_max_position_embeddings", 8192);
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength > context / low) {
            return frequency / factor;
        }
        if (wavelength <= context / high) {
            return frequency;
        }
        var smooth = (context / wavelength - low) / (high - low);
        return frequency * ((1 - smooth) / factor + smooth);
    }
}
