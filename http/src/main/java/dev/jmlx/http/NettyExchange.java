package dev.jmlx.http;

import dev.jmlx.http.sse.ChannelSseWriter;
import dev.jmlx.http.sse.SseWriter;
import dev.jmlx.http.sse.WriteGate;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An [HttpExchange] on a Netty channel. The request's virtual thread answers; [#cancel] comes from the event
/// loop or from the thread that closes the server.
// Netty reports failed writes and closes by closing the channel, which channelInactive sees.
@SuppressWarnings("FutureReturnValueIgnored")
final class NettyExchange implements HttpExchange {
    private final Channel channel;
    private final Incoming incoming;
    private final WriteGate gate;
    private final ChannelFutureListener whenAnswered;
    private final String requestId = RandomId.of("req_");
    private final List<Runnable> cancelActions = new ArrayList<>();
    private boolean cancelled;
    private boolean answered;
    private @Nullable ChannelSseWriter events;

    /// `whenAnswered` runs once the end of the answer has been written or has failed.
    NettyExchange(Channel channel, Incoming incoming, WriteGate gate, ChannelFutureListener whenAnswered) {
        this.channel = channel;
        this.incoming = incoming;
        this.gate = gate;
        this.whenAnswered = whenAnswered;
    }

    @Override
    public Request request() {
        return incoming.request();
    }

    @Override
    public String requestId() {
        return requestId;
    }

    @Override
    public void respond(int status, Map<String, String> headers, byte[] json) {
        answered = true;
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status), Unpooled.wrappedBuffer(json));
        headers.forEach((name, value) -> response.headers().set(name, value));
        if (json.length > 0) {
            response.headers().set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON);
        }
        if (status != HttpResponseStatus.NO_CONTENT.code()) {
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, json.length);
        }
        addCommonHeaders(response);
        channel.writeAndFlush(response).addListener(whenAnswered);
    }

    @Override
    public SseWriter eventStream() {
        answered = true;
        var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8")
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_CACHE);
        if (incoming.chunkedAllowed()) {
            response.headers().set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
        }
        addCommonHeaders(response);
        channel.writeAndFlush(response);
        events = new ChannelSseWriter(channel, gate, whenAnswered);
        return events;
    }

    @Override
    public void onCancel(Runnable action) {
        synchronized (cancelActions) {
            if (!cancelled) {
                cancelActions.add(action);
                return;
            }
        }
        action.run();
    }

    @Override
    public void fail(ApiException error) {
        if (events != null) {
            events.endWith("error", ErrorEnvelope.of(error, requestId));
        } else if (!answered) {
            respond(error.type().status(), error.headers(), ErrorEnvelope.of(error, requestId));
        }
    }

    /// Runs the cancel actions, once.
    void cancel() {
        List<Runnable> actions;
        synchronized (cancelActions) {
            cancelled = true;
            actions = List.copyOf(cancelActions);
            cancelActions.clear();
        }
        actions.forEach(Runnable::run);
    }

    private void addCommonHeaders(HttpResponse response) {
        response.headers().set("request-id", requestId);
        if (!incoming.keepAlive()) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else if (!incoming.chunkedAllowed()) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.KEEP_ALIVE);
        }
    }
}
