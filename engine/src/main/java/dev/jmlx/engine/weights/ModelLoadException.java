package dev.jmlx.engine.weights;

/// A model folder that cannot be run. The message names the file, tensor or key, and what was
/// expected.
public final class ModelLoadException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ModelLoadException(String message) {
        super(message);
    }

    public ModelLoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
