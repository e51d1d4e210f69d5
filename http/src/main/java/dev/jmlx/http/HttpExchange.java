package dev.jmlx.http;

import dev.jmlx.http.sse.SseWriter;
import java.util.Map;

/// One request and the one answer to it: all that handlers see of the network. Used by one virtual thread.
public interface HttpExchange {
    Request request();

    /// The id in the `request-id` header of the answer and in error bodies.
    String requestId();

    /// Sends the whole answer, a JSON body. Once, and not after [#eventStream].
    void respond(int status, Map<String, String> headers, byte[] json);

    /// Starts a 200 answer that is a stream of server-sent events. Once, and not after [#respond].
    SseWriter eventStream();

    /// Runs `action` as soon as the client is gone or the server wants this request to end, on any thread; at once
    /// when that has happened already. It must not block.
    void onCancel(Runnable action);

    /// Answers with an error: an envelope with its status, or an `error` event when a stream was started. The
    /// stream is ended by it; after a complete answer it does nothing.
    void fail(ApiException error);
}
