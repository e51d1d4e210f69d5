package dev.jmlx.http;

/// The server cannot listen; the message names the address and the fix.
public final class ServerStartException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ServerStartException(String message, Throwable cause) {
        super(message, cause);
    }
}
