package dev.jmlx.cli;

/// The engine gave up in the middle of an answer; the message is the engine's.
final class GenerationFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    GenerationFailedException(String message) {
        super(message);
    }
}
