package dev.jmlx.http.sse;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// Holds a writing virtual thread while the channel's buffer is full: back-pressure from the socket to the model.
/// [#changed] is called by the event loop, [#await] by the writer.
// Netty reports failed writes and closes by closing the channel, which channelInactive sees.
@SuppressWarnings("FutureReturnValueIgnored")
public final class WriteGate {
    private final Channel channel;
    private final Duration timeout;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    public WriteGate(Channel channel, Duration timeout) {
        this.channel = channel;
        this.timeout = timeout;
    }

    /// Returns once the channel takes more. Throws [ClientGoneException] when it is closed, or stays full for
    /// too long.
    public void await() throws InterruptedException {
        if (channel.isActive() && channel.isWritable()) {
            return;
        }
        lock.lockInterruptibly();
        try {
            var remaining = timeout.toNanos();
            while (channel.isActive() && !channel.isWritable()) {
                if (remaining <= 0) {
                    channel.close();
                    throw new ClientGoneException("the client has read nothing for " + timeout.toSeconds() + " s");
                }
                remaining = changed.awaitNanos(remaining);
            }
        } finally {
            lock.unlock();
        }
        if (!channel.isActive()) {
            throw new ClientGoneException("the client closed the connection");
        }
    }

    /// Wakes the writer: the channel's writability changed, or it was closed.
    public void changed() {
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
