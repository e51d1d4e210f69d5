package dev.jmlx.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The right to change a repository of the cache: one process at a time has it, and the system takes it back from
/// a process that dies.
final class DownloadLock implements AutoCloseable {
    private static final String FILE = "jmlx.lock";

    private final FileChannel channel;

    private DownloadLock(FileChannel channel) {
        this.channel = channel;
    }

    /// Waits for it; `waiting` hears true when that takes a while, and false afterwards. `folder`: the repository's
    /// own for locks.
    static DownloadLock take(Path folder, Consumer<Boolean> waiting) throws IOException {
        var lock = open(folder);
        try {
            if (lock.channel.tryLock() == null) {
                waiting.accept(true);
                lock.channel.lock();
                waiting.accept(false);
            }
            return lock;
        } catch (IOException | RuntimeException failed) {
            lock.close();
            throw failed;
        }
    }

    /// Null when another process has it.
    static @Nullable DownloadLock tryTake(Path folder) throws IOException {
        var lock = open(folder);
        if (lock.channel.tryLock() == null) {
            lock.close();
            return null;
        }
        return lock;
    }

    private static DownloadLock open(Path folder) throws IOException {
        Files.createDirectories(folder);
        return new DownloadLock(
                FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
