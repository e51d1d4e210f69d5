package dev.jmlx.http;

import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a connection has received: a complete request, or one that is refused with `refusal` before any handler
/// sees it. `chunkedAllowed` is false for HTTP/1.0 clients. Immutable.
record Incoming(
        Request request,
        boolean keepAlive,
        boolean chunkedAllowed,
        @Nullable ApiException refusal) {

    static Incoming complete(HttpRequest head, byte[] body) {
        var chunked = head.protocolVersion().isKeepAliveDefault();
        // A stream without chunks can only be ended by closing the connection.
        var keepAlive = HttpUtil.isKeepAlive(head) && chunked;
        try {
            var request = Request.of(head.method().name(), head.uri(), headers(head), body);
            return new Incoming(request, keepAlive, chunked, null);
        } catch (ApiException broken) {
            return refused(head, broken);
        }
    }

    /// A request that is answered with an error, after which the connection is closed.
    static Incoming refused(@Nullable HttpRequest head, ApiException refusal) {
        var method = head == null ? "" : head.method().name();
        var version = head == null ? HttpVersion.HTTP_1_1 : head.protocolVersion();
        var request = new Request(method, List.of(), Map.of(), Map.of(), new byte[0]);
        return new Incoming(request, false, version.isKeepAliveDefault(), refusal);
    }

    private static Map<String, String> headers(HttpRequest head) {
        var headers = new HashMap<String, String>();
        for (var header : head.headers()) {
            headers.merge(header.getKey().toLowerCase(Locale.ROOT), header.getValue(), (a, b) -> a + ", " + b);
        }
        return Map.copyOf(headers);
    }
}
