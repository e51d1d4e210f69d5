package dev.jmlx.http;

import dev.jmlx.http.sse.WriteGate;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// The HTTP server: listens, and runs every request on a virtual thread of its own. Any thread may close it.
///
/// Two event-loop threads move bytes and do nothing else.
// Netty reports failed writes and closes by closing the channel, which channelInactive sees.
@SuppressWarnings("FutureReturnValueIgnored")
public final class Server implements AutoCloseable {
    private static final int EVENT_LOOPS = 2;
    private static final WriteBufferWaterMark WATER_MARKS = new WriteBufferWaterMark(32 << 10, 64 << 10);

    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(EVENT_LOOPS, NioIoHandler.newFactory());
    private final ExecutorService workers = Executors.newThreadPerTaskExecutor(
            Thread.ofVirtual().name("request-", 0).factory());
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Dispatcher dispatcher;
    private final Limits limits;
    private final Channel listener;

    private Server(String host, int port, Dispatcher dispatcher, Limits limits) {
        this.dispatcher = dispatcher;
        this.limits = limits;
        var bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, 128)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(ChannelOption.SO_KEEPALIVE, true)
                .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARKS)
                .childHandler(new Pipeline());
        var bound = bootstrap.bind(host, port).awaitUninterruptibly();
        if (!bound.isSuccess()) {
            close(Duration.ZERO);
            throw new ServerStartException(reason(host, port, bound.cause()), bound.cause());
        }
        this.listener = bound.channel();
    }

    /// Listens on `host` and `port` (0 for any free one). Throws [ServerStartException] when that is not possible.
    public static Server start(String host, int port, Dispatcher dispatcher, Limits limits) {
        return new Server(host, port, dispatcher, limits);
    }

    private static String reason(String host, int port, Throwable cause) {
        var message = String.valueOf(cause.getMessage());
        var fix = message.contains("in use")
                ? "; set PORT to a free one, or end the program that uses it"
                : "; set HOST to an address of this machine and PORT to one that you may use";
        return "cannot listen on " + host + ":" + port + ": " + message + fix;
    }

    /// The port that it listens on.
    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    /// Open connections.
    public int connections() {
        return connections.size();
    }

    /// Closes without patience.
    @Override
    public void close() {
        close(Duration.ZERO);
    }

    /// Stops listening, gives the running answers `grace` to end, then cancels them.
    public void close(Duration grace) {
        if (listener != null) {
            listener.close().awaitUninterruptibly();
        }
        for (var channel : connections) {
            channel.pipeline().fireUserEventTriggered(Connection.Shutdown.NOW);
        }
        var allClosed = connections.newCloseFuture();
        if (!allClosed.awaitUninterruptibly(grace.toMillis())) {
            connections.forEach(
                    channel -> channel.pipeline().get(Connection.class).cancelRunning());
            allClosed.awaitUninterruptibly(TimeUnit.SECONDS.toMillis(1));
        }
        connections.close().awaitUninterruptibly(TimeUnit.SECONDS.toMillis(1));
        workers.shutdownNow();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(TimeUnit.SECONDS.toMillis(2));
    }

    private final class Pipeline extends ChannelInitializer<SocketChannel> {
        @Override
        protected void initChannel(SocketChannel channel) {
            if (connections.size() >= limits.maxConnections()) {
                channel.close();
                return;
            }
            connections.add(channel);
            var codec = new HttpDecoderConfig()
                    .setMaxInitialLineLength(limits.maxUriBytes())
                    .setMaxHeaderSize(limits.maxHeaderBytes());
            var deadline = new ReadDeadline(limits);
            var gate = new WriteGate(channel, limits.writeTimeout());
            channel.pipeline()
                    .addLast(deadline)
                    .addLast(new HttpServerCodec(codec))
                    .addLast(new Connection(dispatcher, workers, deadline, limits, gate));
        }
    }
}
