package dev.jmlx.http.sse;

/// The client closed the connection or reads nothing any more; there is nobody to answer.
public final class ClientGoneException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ClientGoneException(String message) {
        super(message, null, false, false);
    }
}
