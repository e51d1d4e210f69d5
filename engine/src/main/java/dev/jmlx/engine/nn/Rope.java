package dev.jmlx.engine.nn;

import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import java.util.function.IntToDoubleFunction;
import org.jspecify.annotations.Nullable;

/// Builds the rotation frequencies that a `config.json` asks for (`rope_theta`, `rope_scaling`,
/// `rope_parameters`).
///
/// Source: mlx-lm `rope_utils.initialize_rope`; the llama3 scheme is that of Llama 3.1's reference code, yarn
/// that of arXiv 2309.00071, longrope that of arXiv 2402.13753.
public final class Rope {
    private static final int MOST_DIMS = 1 << 16;

    private Rope() {}

    /// Frequencies for the first `dims` elements of a head, as `config` says.
    public static RopeTable load(ModelConfig config, int dims, double defaultTheta, boolean interleaved) {
        var scaling = scaling(config);
        return load(config, scaling, dims, theta(config, scaling, defaultTheta), interleaved);
    }

    /// Frequencies of one base, without any scheme.
    public static RopeTable plain(int dims, double theta, boolean interleaved) {
        return table(dims, theta, interleaved, 1, i -> 1);
    }

    /// Its base: in the newer `rope_parameters` or beside them.
    private static double theta(ModelConfig config, @Nullable ModelConfig scaling, double defaultTheta) {
        return scaling != null && scaling.has("rope_theta")
                ? scaling.number("rope_theta")
                : config.number("rope_theta", defaultTheta);
    }

    /// What the file says beyond the base, or null.
    public static @Nullable ModelConfig scaling(ModelConfig config) {
        var scaling = config.objectOrNull("rope_scaling");
        return scaling != null ? scaling : config.objectOrNull("rope_parameters");
    }

    /// Frequencies of base `theta` by the scheme in `scaling`, if any; `config` may have what it lacks.
    public static RopeTable load(
            ModelConfig config, @Nullable ModelConfig scaling, int dims, double theta, boolean interleaved) {
        if (scaling == null) {
            return plain(dims, theta, interleaved);
        }
        var type = scaling.string(scaling.has("type") ? "type" : "rope_type", "default");
        return switch (type) {
            // A dynamic base changes beyond the context length only, where no sequence gets; mrope is for images.
            case "default", "dynamic", "mrope" -> plain(dims, theta, interleaved);
            case "linear" -> {
                var factor = scaling.number("factor");
                yield table(dims, theta, interleaved, 1, i -> 1 / factor);
            }
            case "llama3" -> table(dims, theta, interleaved, 1, i -> llama3(frequency(theta, dims, i), scaling));
            case "yarn", "deepseek_yarn" -> yarn(dims, theta, interleaved, scaling);
            case "longrope", "su" -> longrope(config, scaling, dims, theta);
            case "proportional" -> {
                var rotated = dims * scaling.number("partial_rotary_factor", 1);
                var factor = scaling.number("factor", 1);
                yield table(dims, theta, interleaved, 1, i -> 2 * i < (int) rotated ? 1 / factor : 0);
            }
            default ->
                throw new ModelLoadException("config.json: rope_scaling: type \"" + type + "\" is not supported yet;"
                        + " supported: default, dynamic, linear, llama3, longrope, mrope, proportional, su, yarn");
        };
    }

    private static double frequency(double theta, int dims, int pair) {
        return Math.pow(theta, -2.0 * pair / dims);
    }

    /// Pair `i` gets the frequency `theta^(-2i / dims) * factors(i)`.
    private static RopeTable table(
            int dims, double theta, boolean interleaved, double magnitude, IntToDoubleFunction factors) {
        if (dims % 2 != 0 || dims < 0 || dims > MOST_DIMS) {
            throw new ModelLoadException(
                    "config.json: rotary dimensions must be even and at most " + MOST_DIMS + ", found " + dims);
        }
        var inverse = new float[dims / 2];
        for (var i = 0; i < inverse.length; i++) {
            inverse[i] = (float) (frequency(theta, dims, i) * factors.applyAsDouble(i));
            if (!(inverse[i] >= 0 && inverse[i] <= Float.MAX_VALUE)) {
                throw new ModelLoadException("config.json: rope_theta " + theta
                        + " and rope_scaling give the frequency " + inverse[i] + "; it must be 0 or above");
            }
        }
        return new RopeTable(inverse, interleaved, (float) magnitude);
    }

    /// Long wavelengths are stretched by `factor`, short ones kept, those between blended.
    private static double llama3(double frequency, ModelConfig scaling) {
        var factor = scaling.number("factor");
        var low = scaling.number("low_freq_factor", 1);
        var high = scaling.number("high_freq_factor", 4);
        var context = scaling.number("original_max_position_embeddings", 8192);
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength > context / low) {
            return 1 / factor;
        }
        if (wavelength <= context / high) {
            return 1;
        }
        var smooth = (context / wavelength - low) / (high - low);
        return (1 - smooth) / factor + smooth;
    }

    /// Slow pairs are stretched by `factor`, fast ones kept, with a ramp between.
    private static RopeTable yarn(int dims, double theta, boolean interleaved, ModelConfig scaling) {
        var factor = scaling.number("factor");
        var context = scaling.number("original_max_position_embeddings", 4096);
        var low = Math.max(0, Math.floor(turns(dims, theta, context, scaling.number("beta_fast", 32))));
        var high = Math.min(dims - 1, Math.ceil(turns(dims, theta, context, scaling.number("beta_slow", 1))));
        var width = low == high ? 0.001 : high - low;
        var magnitude = yarnMagnitude(factor, scaling.number("mscale", 1))
                / yarnMagnitude(factor, scaling.number("mscale_all_dim", 0));
        return table(dims, theta, interleaved, magnitude, i -> {
            var kept = 1 - Math.clamp((i - low) / width, 0.0, 1.0);
            return kept + (1 - kept) / factor;
        });
    }

    /// The pair that turns `rotations` times within the context, as a fraction.
    private static double turns(int dims, double theta, double context, double rotations) {
        return dims * Math.log(context / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    private static double yarnMagnitude(double factor, double scale) {
        return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
    }

    /// What yarn multiplies an attention scale by; 1 for models without it. Source: mlx-lm
    /// `rope_utils.apply_yarn_mscale`.
    public static float yarnScale(ModelConfig config) {
        var scaling = scaling(config);
        if (scaling == null
                || scaling.string(scaling.has("type") ? "type" : "rope_type", "default")
                        .equals("default")
                || scaling.number("mscale_all_dim", 0) == 0) {
            return 1;
        }
        var magnitude = yarnMagnitude(scaling.number("factor", 1), scaling.number("mscale_all_dim"));
        return (float) (magnitude * magnitude);
    }

    /// The long context's factors for all positions, as the reference does.
    private static RopeTable longrope(ModelConfig config, ModelConfig scaling, int dims, double theta) {
        var factors = scaling.numbers("long_factor");
        if (factors.length != dims / 2) {
            throw new ModelLoadException("config.json: rope_scaling: long_factor must have " + dims / 2
                    + " numbers, found " + factors.length);
        }
        var holder = scaling.has("original_max_position_embeddings") ? scaling : config;
        var original = holder.number("original_max_position_embeddings", 4096);
        var stretch = config.number("max_position_embeddings", 131_072) / original;
        var magnitude = stretch <= 1 ? 1 : Math.sqrt(1 + Math.log(stretch) / Math.log(original));
        return table(dims, theta, false, scaling.number("long_mscale", magnitude), i -> 1 / factors[i]);
    }

    /// The first `rotated` elements of `dims` rotate, with the frequencies of the whole head; the rest stands
    /// still.
    public static RopeTable proportional(int dims, int rotated, double theta, boolean interleaved) {
        return table(dims, theta, interleaved, 1, i -> 2 * i < rotated ? 1 : 0);
    }

    /// The base that a scheme with `alpha` uses instead of `theta` (Hunyuan).
    public static double alphaTheta(double theta, double alpha, int dims) {
        return theta * Math.pow(alpha, dims / (dims - 2.0));
    }
}
