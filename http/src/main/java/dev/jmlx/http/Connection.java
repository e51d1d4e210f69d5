package dev.jmlx.http;

import dev.jmlx.http.sse.WriteGate;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One client connection: hands one request at a time to a virtual thread and keeps pipelined ones until their
/// turn. Event loop only, except [#cancelRunning].
///
/// It goes on reading while an answer is made, because only so it learns at once that the client has gone; it
/// stops reading when pipelined requests pile up, so that a client cannot fill the memory.
// Netty reports failed writes and closes by closing the channel, which channelInactive sees.
@SuppressWarnings("FutureReturnValueIgnored")
final class Connection extends SimpleChannelInboundHandler<HttpObject> {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int LINGER_SECONDS = 5;
    private static final int MAX_WAITING = 8;
    private static final int MAX_WAITING_BYTES = 1 << 20;

    /// Sent down to every connection when the server closes: no further request.
    enum Shutdown {
        NOW
    }

    private final Dispatcher dispatcher;
    private final Executor workers;
    private final ReadDeadline deadline;
    private final RequestAssembly assembly;
    private final WriteGate gate;
    private final ArrayDeque<Incoming> waiting = new ArrayDeque<>();
    private volatile @Nullable NettyExchange running;
    private boolean closing;

    Connection(Dispatcher dispatcher, Executor workers, ReadDeadline deadline, Limits limits, WriteGate gate) {
        this.dispatcher = dispatcher;
        this.workers = workers;
        this.deadline = deadline;
        this.assembly = new RequestAssembly(limits.maxBodyBytes());
        this.gate = gate;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject piece) {
        var complete = assembly.add(piece);
        if (complete.isPresent()) {
            waiting.add(complete.get());
            startNext(ctx);
        } else if (piece instanceof HttpRequest && assembly.wantsContinue() && running == null) {
            ctx.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
        }
    }

    private void startNext(ChannelHandlerContext ctx) {
        if (running == null && !closing && !waiting.isEmpty()) {
            start(ctx, waiting.remove());
        }
        ctx.channel().config().setAutoRead(hasRoom());
    }

    private boolean hasRoom() {
        var bytes = 0L;
        for (var incoming : waiting) {
            bytes += incoming.request().body().length;
        }
        return waiting.size() < MAX_WAITING && bytes <= MAX_WAITING_BYTES;
    }

    private void start(ChannelHandlerContext ctx, Incoming incoming) {
        deadline.requestComplete();
        var exchange = new NettyExchange(ctx.channel(), incoming, gate, written -> answered(ctx, incoming, written));
        running = exchange;
        var refusal = incoming.refusal();
        if (refusal != null) {
            exchange.fail(refusal);
        } else {
            workers.execute(() -> dispatcher.dispatch(exchange));
        }
    }

    private void answered(ChannelHandlerContext ctx, Incoming incoming, ChannelFuture written) {
        running = null;
        if (incoming.refusal() != null && written.isSuccess()) {
            linger(ctx);
        } else if (!written.isSuccess() || !incoming.keepAlive() || closing) {
            ctx.close();
        } else {
            if (waiting.isEmpty()) {
                deadline.waitForRequest(ctx);
            }
            startNext(ctx);
        }
    }

    /// Closes in the client's time: closing at once would reset the connection, and a client that is still sending
    /// would never read why it was refused.
    private void linger(ChannelHandlerContext ctx) {
        closing = true;
        ctx.channel().config().setAutoRead(true);
        if (ctx.channel() instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        }
        ctx.executor().schedule(() -> ctx.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        switch (event) {
            case ReadDeadline.Expired.IDLE -> ctx.close();
            case ReadDeadline.Expired.HALF_REQUEST -> {
                var late = new ApiException(ErrorType.TIMEOUT, "the request did not arrive in time");
                assembly.refuse(late).ifPresent(waiting::add);
                startNext(ctx);
            }
            case Shutdown.NOW -> {
                closing = true;
                if (running == null) {
                    ctx.close();
                }
            }
            default -> ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        gate.changed();
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        gate.changed();
        cancelRunning();
        ctx.fireChannelInactive();
    }

    /// Ends the answer that is being made, if there is one. Any thread.
    void cancelRunning() {
        var exchange = running;
        if (exchange != null) {
            exchange.cancel();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            // Mostly "connection reset by peer": the client's business.
            LOG.debug("connection closed: {}", cause.toString());
        } else {
            LOG.warn("connection closed", cause);
        }
        ctx.close();
    }
}
