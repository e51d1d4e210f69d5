package dev.jmlx.cli;

/// A setting that cannot be used. The message is one sentence with the key, the value and what is allowed.
final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConfigException(String message) {
        super(message);
    }
}
