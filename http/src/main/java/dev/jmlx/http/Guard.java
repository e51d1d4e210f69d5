package dev.jmlx.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Decides who may use the server. Immutable, any thread.
///
/// With an API key, only the key counts. Without one, the server answers this machine's programs but not web pages:
/// an `Origin` other than localhost is refused (a page in the user's browser), and so is a `Host` that is a foreign
/// name (a page whose name was made to resolve to this machine). Addresses, localhost and the configured host pass.
public final class Guard {
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|\\[[0-9a-f:.]+]");

    private final @Nullable String apiKey;
    private final String host;

    /// `host`: the name or address that the server was told to listen on.
    public Guard(@Nullable String apiKey, String host) {
        this.apiKey = apiKey;
        this.host = host.toLowerCase(Locale.ROOT);
    }

    /// Throws [ApiException] 403 for requests that a foreign web page may have caused.
    void checkBrowser(Request request) {
        if (apiKey != null) {
            return;
        }
        var hostHeader = request.header("host");
        if (hostHeader != null && !isOwnName(withoutPort(hostHeader))) {
            throw new ApiException(
                    ErrorType.PERMISSION,
                    "the Host header '" + hostHeader + "' is not this server; use an address, or set API_KEY");
        }
        var origin = request.header("origin");
        if (origin != null && !LOCAL.contains(originHost(origin))) {
            throw new ApiException(
                    ErrorType.PERMISSION,
                    "requests from web pages of '" + origin + "' are refused; set API_KEY to allow them");
        }
    }

    /// Throws [ApiException] 401 when a key is configured and the request has no or another one.
    void checkKey(Request request) {
        if (apiKey == null) {
            return;
        }
        var bearer = request.header("authorization");
        var allowed = matches(request.header("x-api-key"));
        if (bearer != null && bearer.regionMatches(true, 0, "Bearer ", 0, 7)) {
            allowed |= matches(bearer.substring(7).trim());
        }
        if (!allowed) {
            // Claude Code tries again for three minutes when it is not told that this is pointless.
            throw new ApiException(
                    ErrorType.AUTHENTICATION,
                    "invalid x-api-key: send the server's API_KEY as x-api-key or bearer",
                    Map.of("x-should-retry", "false"));
        }
    }

    private boolean matches(@Nullable String key) {
        // isEqual takes the same time wherever the first difference is.
        return key != null && apiKey != null && MessageDigest.isEqual(bytes(key), bytes(apiKey));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private boolean isOwnName(String name) {
        return LOCAL.contains(name)
                || name.endsWith(".localhost")
                || name.equals(host)
                || ADDRESS.matcher(name).matches();
    }

    private static String originHost(String origin) {
        var start = origin.indexOf("://");
        return withoutPort(start < 0 ? origin : origin.substring(start + 3));
    }

    private static String withoutPort(String hostAndPort) {
        var text = hostAndPort.trim().toLowerCase(Locale.ROOT);
        var colon = text.lastIndexOf(':');
        return colon > text.lastIndexOf(']') ? text.substring(0, colon) : text;
    }
}
