package dev.jmlx.http;

/// The kinds of error that the API knows: HTTP status, and the `type` inside the error envelope. Immutable.
public enum ErrorType {
    INVALID_REQUEST(400, "invalid_request_error"),
    AUTHENTICATION(401, "authentication_error"),
    PERMISSION(403, "permission_error"),
    NOT_FOUND(404, "not_found_error"),
    METHOD_NOT_ALLOWED(405, "invalid_request_error"),
    TIMEOUT(408, "timeout_error"),
    TOO_LARGE(413, "request_too_large"),
    URI_TOO_LONG(414, "invalid_request_error"),
    UNSUPPORTED_ENCODING(415, "invalid_request_error"),
    HEADERS_TOO_LARGE(431, "invalid_request_error"),
    RATE_LIMIT(429, "rate_limit_error"),
    API(500, "api_error"),
    OVERLOADED(529, "overloaded_error");

    private final int status;
    private final String wireName;

    ErrorType(int status, String wireName) {
        this.status = status;
        this.wireName = wireName;
    }

    /// The HTTP status.
    public int status() {
        return status;
    }

    /// The `error.type` of the envelope.
    public String wireName() {
        return wireName;
    }
}
