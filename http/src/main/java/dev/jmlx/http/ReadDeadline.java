package dev.jmlx.http;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Ends connections that stay idle, and requests that arrive too slowly or only half. Stands before the HTTP
/// codec and tells the rest of the pipeline with an [Expired] event. Event loop only.
final class ReadDeadline extends ChannelDuplexHandler {
    /// Sent up the pipeline: the time is over.
    enum Expired {
        /// No request was on its way.
        IDLE,
        /// A request has begun and did not end.
        HALF_REQUEST
    }

    private final Duration requestTimeout;
    private final Duration idleTimeout;
    private @Nullable Future<?> timer;
    private boolean betweenRequests = true;

    ReadDeadline(Limits limits) {
        this.requestTimeout = limits.requestTimeout();
        this.idleTimeout = limits.idleTimeout();
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        waitForRequest(ctx);
        ctx.fireChannelActive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (betweenRequests) {
            betweenRequests = false;
            schedule(ctx, requestTimeout, Expired.HALF_REQUEST);
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        stop();
        ctx.fireChannelInactive();
    }

    /// The request is complete: answering may take as long as it takes.
    void requestComplete() {
        stop();
    }

    /// The answer is sent; the idle time starts.
    void waitForRequest(ChannelHandlerContext ctx) {
        betweenRequests = true;
        schedule(ctx, idleTimeout, Expired.IDLE);
    }

    private void schedule(ChannelHandlerContext ctx, Duration delay, Expired event) {
        stop();
        timer = ctx.executor()
                .schedule(() -> ctx.fireUserEventTriggered(event), delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void stop() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }
}
