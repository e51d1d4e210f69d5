package dev.jmlx.engine.generate;

import dev.jmlx.engine.weights.GenerationConfig;
import java.nio.file.Path;

/// A loaded model that answers generation requests: the one type that other modules talk to.
///
/// Any thread may call it. [#close] cancels what runs, ends the engine thread and frees the model.
public final class Engine implements AutoCloseable {

    /// Loads the model in `folder` (`config.json`, `*.safetensors`) and starts the engine thread.
    ///
    /// Throws `ModelLoadException` with one clear sentence when the folder cannot be run.
    public static Engine open(Path folder, EngineOptions options) {
        return inTheWorks();
    }

    /// Queues a request. Throws [EngineBusyException] when the waiting line is full, and IllegalArgumentException when
    /// the prompt is empty, does not leave room for one token, or holds an id outside the vocabulary.
    public Generation submit(GenerationRequest request) {
        return inTheWorks();
    }

    /// Tokens that a prompt and its answer may take together.
    public int contextLength() {
        return inTheWorks();
    }

    /// What the model's folder says about generating: end-of-sequence ids and sampling defaults.
    public GenerationConfig generationConfig() {
        return inTheWorks();
    }

    public EngineStatus status() {
        return inTheWorks();
    }

    /// What was loaded, for the start-up lines.
    public ModelInfo info() {
        return inTheWorks();
    }

    @SuppressWarnings("TypeParameterUnusedInFormals")
    private static <T> T inTheWorks() {
        throw new UnsupportedOperationException("in the works");
    }

    @Override
    public void close() {}
}
