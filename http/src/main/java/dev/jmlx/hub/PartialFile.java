package dev.jmlx.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/// A file whose pieces come in any order and survive the process: the bytes at their own places, and behind the
/// last of them a byte for each piece, 1 when it is there.
///
/// A piece counts as there only after its bytes are written. Any thread writes pieces of its own.
final class PartialFile implements AutoCloseable {
    /// How the names of such files end.
    static final String SUFFIX = ".jmlx-partial";

    /// Bytes of a piece; the last one may have fewer.
    static final int PIECE = 1 << 20;

    private final FileChannel channel;
    private final long size;
    private final byte[] there;

    private PartialFile(FileChannel channel, long size, byte[] there) {
        this.channel = channel;
        this.size = size;
        this.there = there;
    }

    /// Goes on with the file `path`, or begins it.
    static PartialFile open(Path path, long size) throws IOException {
        Files.createDirectories(path.getParent());
        var pieces = pieces(size);
        var length = size + pieces;
        var found = Files.exists(path) ? Files.size(path) : -1;
        var channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            var there = new byte[pieces];
            if (found == length) {
                read(channel, ByteBuffer.wrap(there), size);
            } else if (found == size && size > 0) {
                // Ended between #finish and what its caller does next.
                Arrays.fill(there, (byte) 1);
                write(channel, ByteBuffer.wrap(there), size);
            } else {
                channel.truncate(0);
                // Sparse where the file system can.
                write(channel, ByteBuffer.allocate(1), length - 1);
            }
            return new PartialFile(channel, size, there);
        } catch (IOException failed) {
            channel.close();
            throw failed;
        }
    }

    /// About how many bytes of a file have come, by its marks; 0 where there is no such file.
    static long bytes(Path path) {
        if (!Files.isRegularFile(path)) {
            return 0;
        }
        try (var channel = FileChannel.open(path)) {
            var pieces = Math.toIntExact(Math.ceilDiv(channel.size(), PIECE + 1L));
            var marks = new byte[pieces];
            read(channel, ByteBuffer.wrap(marks), channel.size() - pieces);
            var there = 0L;
            for (var mark : marks) {
                there += mark == 1 ? 1 : 0;
            }
            return Math.min(there * PIECE, channel.size() - pieces);
        } catch (IOException | ArithmeticException _) {
            return 0;
        }
    }

    private static int pieces(long size) {
        return Math.toIntExact(Math.max(1, Math.ceilDiv(size, (long) PIECE)));
    }

    int pieces() {
        return there.length;
    }

    /// Where a piece begins; that of piece `pieces()` is the end.
    long start(int piece) {
        return Math.min(size, (long) piece * PIECE);
    }

    boolean has(int piece) {
        return there[piece] == 1;
    }

    /// Bytes of the pieces that are there.
    long bytes() {
        var sum = 0L;
        for (var piece = 0; piece < there.length; piece++) {
            sum += has(piece) ? start(piece + 1) - start(piece) : 0;
        }
        return sum;
    }

    /// Keeps a whole piece.
    void put(int piece, ByteBuffer bytes) throws IOException {
        write(channel, bytes, start(piece));
        write(channel, ByteBuffer.wrap(new byte[] {1}), size + piece);
        there[piece] = 1;
    }

    /// Reads all bytes of the file in order.
    void read(ByteBuffer into, long from) throws IOException {
        read(channel, into, from);
    }

    /// Drops what is there: it is damaged.
    void clear() throws IOException {
        write(channel, ByteBuffer.allocate(there.length), size);
        Arrays.fill(there, (byte) 0);
    }

    /// Cuts off what is not the file's own.
    void finish() throws IOException {
        channel.truncate(size);
        channel.force(true);
    }

    private static void read(FileChannel channel, ByteBuffer into, long from) throws IOException {
        for (var at = from; into.hasRemaining(); ) {
            var count = channel.read(into, at);
            if (count < 0) {
                throw new IOException("a partial file is shorter than it says");
            }
            at += count;
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes, long to) throws IOException {
        for (var at = to; bytes.hasRemaining(); ) {
            at += channel.write(bytes, at);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
