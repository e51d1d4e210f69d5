package dev.jmlx.tokenizer;

/// A tokenizer file is missing, malformed or asks for something that is not supported.
///
/// Thrown while a model loads, never while text is encoded ([PatternLimitException] is). The message is one
/// sentence that names the file, the key in it and what was expected there.
public final class TokenizerLoadException extends RuntimeException {

    public TokenizerLoadException(String message) {
        super(message);
    }

    public TokenizerLoadException(String message, Throwable cause) {
        super(message, cause);
    }
}
