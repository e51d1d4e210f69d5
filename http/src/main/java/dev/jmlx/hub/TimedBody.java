package dev.jmlx.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// The body of an answer, which ends with an exception when it hardly comes: a connection that is broken without
/// either end knowing would wait for ever. One thread reads; one of its own watches.
final class TimedBody implements AutoCloseable {
    private static final Duration WATCHED = Duration.ofSeconds(30);

    /// Bytes that must come in that time: a kilobyte a second.
    private static final long LEAST = 30_000;

    private static final String TOO_SLOW = "hardly anything came for half a minute";

    private final HubClient.Body body;
    private final InputStream bytes;
    private final Thread watch;
    private final AtomicLong count = new AtomicLong();
    private volatile boolean isTooSlow;

    private TimedBody(HubClient.Body body, Duration watched) {
        this.body = body;
        this.bytes = body.bytes();
        this.watch = Thread.ofVirtual().name("stall-watch").start(() -> watch(watched));
    }

    static TimedBody of(HubClient.Body body) {
        return new TimedBody(body, WATCHED);
    }

    static TimedBody of(HubClient.Body body, Duration watched) {
        return new TimedBody(body, watched);
    }

    private void watch(Duration watched) {
        try {
            while (true) {
                var before = count.get();
                Thread.sleep(watched);
                if (count.get() - before < LEAST * watched.toMillis() / WATCHED.toMillis()) {
                    isTooSlow = true;
                    bytes.close();
                    return;
                }
            }
        } catch (InterruptedException | IOException _) {
            // The body has ended.
        }
    }

    /// Goes to the byte `from` of `file`; an answer may begin before it.
    void begin(RemoteFile file, long from) throws IOException {
        if (body.total().isPresent() && body.total().getAsLong() != file.size()) {
            throw new IOException(
                    "the storage has " + body.total().getAsLong() + " bytes of it and the hub lists " + file.size());
        }
        if (body.from() > from) {
            throw new IOException("the answer begins at byte " + body.from() + " instead of " + from);
        }
        for (var left = from - body.from(); left > 0; ) {
            var some = new byte[(int) Math.min(left, 1 << 16)];
            left -= read(some, 0, some.length);
        }
    }

    /// Reads the next `length` bytes into the beginning of `to`.
    void fill(byte[] to, int length) throws IOException {
        for (var at = 0; at < length; ) {
            at += read(to, at, length - at);
        }
    }

    /// Everything; throws IOException when that is more than `most` bytes.
    byte[] all(int most) throws IOException {
        var all = new ByteArrayOutputStream();
        var some = new byte[1 << 16];
        for (var length = readOrEnd(some, 0, some.length); length >= 0; length = readOrEnd(some, 0, some.length)) {
            all.write(some, 0, length);
            if (all.size() > most) {
                throw new IOException("the answer has more than " + most + " bytes");
            }
        }
        return all.toByteArray();
    }

    private int read(byte[] to, int at, int length) throws IOException {
        var read = readOrEnd(to, at, length);
        if (read < 0) {
            throw new IOException(isTooSlow ? TOO_SLOW : "the answer ended early");
        }
        return read;
    }

    /// At least one byte, or -1 at the end.
    private int readOrEnd(byte[] to, int at, int length) throws IOException {
        try {
            var read = bytes.read(to, at, length);
            count.addAndGet(Math.max(0, read));
            return read;
        } catch (IOException broken) {
            throw new IOException(isTooSlow ? TOO_SLOW : "the connection broke: " + broken.getMessage(), broken);
        }
    }

    @Override
    public void close() throws IOException {
        watch.interrupt();
        bytes.close();
    }
}
