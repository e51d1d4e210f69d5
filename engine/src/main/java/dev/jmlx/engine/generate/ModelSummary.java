package dev.jmlx.engine.generate;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.LayerShape;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.weights.Checkpoint;
import java.nio.file.Path;
import java.util.List;

/// What a model folder holds, found without reading its weights: for the `inspect` command. Any thread.
///
/// `weightBytes`: all tensors of the files, `parameters` those that are used, counted before quantization.
public record ModelSummary(
        String modelType,
        long weightBytes,
        long parameters,
        int vocabSize,
        int contextLength,
        List<? extends LayerShape> layers) {

    /// Throws `ModelLoadException` for a folder that cannot be run.
    public static ModelSummary of(Path folder) {
        try (var checkpoint = Checkpoint.open(folder)) {
            var weights = checkpoint.weights((matrix, _) -> matrix);
            var model = Models.load(checkpoint.config(), weights);
            return new ModelSummary(
                    checkpoint.config().string("model_type"),
                    checkpoint.byteSize(),
                    weights.parameters(),
                    model.vocabSize(),
                    model.contextLength(),
                    List.copyOf(model.cacheShapes()));
        }
    }

    /// Bytes that a model with its caches and the program may take on this machine, or in this container.
    public static long usableMemory() {
        return MemoryPlan.forThisMachine(0).cacheBytes() + MemoryPlan.OWN;
    }

    /// Bytes in the files for each parameter, in bits.
    public double bitsPerWeight() {
        return 8.0 * weightBytes / parameters;
    }

    /// Bytes of memory that weights, program and the cache of one sequence of `tokens` take, about.
    public long memory(int tokens, CacheType type) {
        return weightBytes + MemoryPlan.OWN + KvCaches.bytesFor(type, layers, tokens);
    }
}
