package dev.jmlx.http;

import java.util.Map;

/// A request that cannot be answered, in the API's words. Handlers throw it; [Dispatcher] turns it into the error
/// envelope with its status, or into an `error` event when the answer has already begun.
public final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorType type;
    private final transient Map<String, String> headers;

    public ApiException(ErrorType type, String message) {
        this(type, message, Map.of());
    }

    /// `headers` go out with the status line, such as `allow` and `retry-after`.
    public ApiException(ErrorType type, String message, Map<String, String> headers) {
        // Expected and frequent: a stack trace would only cost time.
        super(message, null, false, false);
        this.type = type;
        this.headers = Map.copyOf(headers);
    }

    public static ApiException invalid(String message) {
        return new ApiException(ErrorType.INVALID_REQUEST, message);
    }

    /// The server has no room; the client should come back after a second.
    public static ApiException overloaded(String message) {
        return new ApiException(ErrorType.OVERLOADED, message, Map.of("retry-after", "1"));
    }

    public ErrorType type() {
        return type;
    }

    public Map<String, String> headers() {
        return headers;
    }

    /// The text of the error, never null.
    public String sentence() {
        var message = getMessage();
        return message == null ? type.wireName() : message;
    }
}
