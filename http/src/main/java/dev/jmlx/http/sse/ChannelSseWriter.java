package dev.jmlx.http.sse;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.LastHttpContent;
import java.nio.charset.StandardCharsets;

/// Server-sent events as HTTP content on a Netty channel, whose response head has been written already.
// Netty reports failed writes and closes by closing the channel, which channelInactive sees.
@SuppressWarnings("FutureReturnValueIgnored")
public final class ChannelSseWriter implements SseWriter {
    private final Channel channel;
    private final WriteGate gate;
    private final ChannelFutureListener whenEnded;
    private boolean ended;

    /// `whenEnded` runs once the end of the stream has been written or has failed.
    public ChannelSseWriter(Channel channel, WriteGate gate, ChannelFutureListener whenEnded) {
        this.channel = channel;
        this.gate = gate;
        this.whenEnded = whenEnded;
    }

    @Override
    public void send(String event, byte[] data) throws InterruptedException {
        gate.await();
        channel.writeAndFlush(new DefaultHttpContent(frame(event, data)));
    }

    /// Sends a last event and ends the stream, without waiting for the client to read.
    public void endWith(String event, byte[] data) {
        if (!ended) {
            channel.write(new DefaultHttpContent(frame(event, data)));
            end();
        }
    }

    @Override
    public void end() {
        if (!ended) {
            ended = true;
            channel.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT).addListener(whenEnded);
        }
    }

    private ByteBuf frame(String event, byte[] data) {
        var frame = channel.alloc().buffer(event.length() + data.length + 16);
        frame.writeCharSequence("event: " + event + "\ndata: ", StandardCharsets.UTF_8);
        return frame.writeBytes(data).writeBytes(new byte[] {'\n', '\n'});
    }
}
