package dev.jmlx.engine.model;

import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;

/// What `config.json` says about single layers.
final class Layers {
    /// What layers behind the last one are for.
    static final String SECOND_TOKEN = "predicting a second token is";

    private Layers() {}

    /// What each layer attends to by `layer_types` ("full_attention", "sliding_attention") and `sliding_window`;
    /// where there are no types, `isSliding` says which layers have the window.
    static IntFunction<Reach> reaches(ModelConfig config, int layers, IntPredicate isSliding) {
        var types = config.strings("layer_types");
        if (!types.isEmpty() && types.size() != layers) {
            throw new ModelLoadException(
                    "config.json: layer_types has " + types.size() + " entries for " + layers + " layers");
        }
        return layer -> {
            var slides = types.isEmpty() ? isSliding.test(layer) : isSliding(types.get(layer));
            return slides ? new Reach.Window(config.integer("sliding_window", 1)) : Reach.ALL;
        };
    }

    private static boolean isSliding(String type) {
        return switch (type) {
            case "full_attention" -> false;
            case "sliding_attention" -> true;
            default ->
                throw new ModelLoadException("config.json: layer_types with \"" + type
                        + "\" is not supported; supported: full_attention, sliding_attention");
        };
    }

    /// `hidden_act`, or `hidden_activation` as Gemma has it.
    static Activation activation(ModelConfig config, String fallback) {
        var key = config.has("hidden_activation") ? "hidden_activation" : "hidden_act";
        var name = config.string(key, fallback);
        return switch (name) {
            case "silu", "swish" -> Activation.SILU;
            case "gelu_pytorch_tanh", "gelu_new", "gelu_tanh" -> Activation.GELU;
            default ->
                throw new ModelLoadException("config.json: " + key + " \"" + name
                        + "\" is not supported; supported: gelu_pytorch_tanh, silu");
        };
    }
}
