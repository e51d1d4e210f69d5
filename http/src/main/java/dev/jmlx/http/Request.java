package dev.jmlx.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A complete HTTP request. `segments`: the decoded parts of the path, without empty ones. `headers`: names in
/// lower case. `body` is not copied and must not be changed. Any thread.
public record Request(
        String method, List<String> segments, Map<String, String> query, Map<String, String> headers, byte[] body) {

    /// `target` is the request line's path with its query. Throws [ApiException] 400 on broken percent escapes.
    public static Request of(String method, String target, Map<String, String> headers, byte[] body) {
        var mark = target.indexOf('?');
        var path = mark < 0 ? target : target.substring(0, mark);
        var segments = new ArrayList<String>();
        for (var part : path.split("/", -1)) {
            if (!part.isEmpty()) {
                segments.add(decode(part.replace("+", "%2B")));
            }
        }
        var query = mark < 0 ? Map.<String, String>of() : parseQuery(target.substring(mark + 1));
        return new Request(method, List.copyOf(segments), query, headers, body);
    }

    /// The header's value; null when it was not sent.
    public @Nullable String header(String name) {
        return headers.get(name.toLowerCase(Locale.ROOT));
    }

    /// The decoded path, starting with a slash.
    public String path() {
        return "/" + String.join("/", segments);
    }

    private static Map<String, String> parseQuery(String text) {
        var query = new HashMap<String, String>();
        for (var pair : text.split("&", -1)) {
            var equals = pair.indexOf('=');
            if (equals > 0) {
                query.putIfAbsent(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
            } else if (!pair.isEmpty() && equals < 0) {
                query.putIfAbsent(decode(pair), "");
            }
        }
        return Map.copyOf(query);
    }

    private static String decode(String text) {
        try {
            return URLDecoder.decode(text, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException broken) {
            throw ApiException.invalid("the request's URL has a broken percent escape in '" + text + "'");
        }
    }
}
