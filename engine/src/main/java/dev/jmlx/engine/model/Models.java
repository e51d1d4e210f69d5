package dev.jmlx.engine.model;

import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.Map;
import java.util.TreeMap;

/// The architectures that can be run, by `config.json`'s `model_type`; an alias is one more line.
public final class Models {
    private static final Map<String, Architecture> ARCHITECTURES =
            new TreeMap<>(Map.of("llama", Llama::load, "mistral", Llama::load));

    private Models() {}

    /// Reads an architecture's weights.
    @FunctionalInterface
    public interface Architecture {
        Model load(ModelConfig config, Weights weights);
    }

    /// The names of all architectures, sorted.
    public static Iterable<String> names() {
        return ARCHITECTURES.keySet();
    }

    /// Builds the model that `config` describes from `weights`. Throws [ModelLoadException] when its
    /// `model_type` is unknown, a weight is missing or has another shape, or weights are left over.
    public static Model load(ModelConfig config, Weights weights) {
        var type = config.string("model_type");
        var architecture = ARCHITECTURES.get(type);
        if (architecture == null) {
            throw new ModelLoadException("config.json: model_type \"" + type + "\" is not supported yet; supported: "
                    + String.join(", ", ARCHITECTURES.keySet()));
        }
        var model = architecture.load(config, weights);
        weights.requireAllRead();
        return model;
    }
}
