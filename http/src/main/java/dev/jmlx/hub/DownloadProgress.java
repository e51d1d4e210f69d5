package dev.jmlx.hub;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// How far a download is. The download writes it, others look at it: any thread.
public final class DownloadProgress {
    private final Rate rate = new Rate();

    /// Bytes that this download has fetched.
    private final AtomicLong received = new AtomicLong();

    private volatile List<Part> files = List.of();
    private volatile boolean isWaiting;
    private volatile @Nullable String problem;

    /// One file: `bytes` of `size` have come; `isChecked`: they were right.
    public record File(String name, long size, long bytes, boolean isChecked) {}

    private record Part(RemoteFile file, AtomicLong bytes, AtomicLong checked) {}

    /// For this package: the files that there are, with nothing of them.
    void begin(List<RemoteFile> remote) {
        files = remote.stream()
                .map(file -> new Part(file, new AtomicLong(), new AtomicLong()))
                .toList();
    }

    /// For this package: sets the bytes of file number `index`.
    void set(int index, long bytes) {
        files.get(index).bytes.set(bytes);
    }

    /// For this package: `bytes` more of file number `index`.
    void add(int index, long bytes) {
        files.get(index).bytes.addAndGet(bytes);
        received.addAndGet(bytes);
    }

    /// For this package: file number `index` is there and right.
    void done(int index) {
        var part = files.get(index);
        part.bytes.set(part.file.size());
        part.checked.set(1);
    }

    /// For this package: whether another process has the download.
    void waiting(boolean now) {
        isWaiting = now;
    }

    /// For this package: what just failed and is tried again.
    void problem(String sentence) {
        problem = sentence;
    }

    /// What failed last and is or was tried again; nothing when all went well.
    public Optional<String> problem() {
        return Optional.ofNullable(problem);
    }

    /// Whether another process is downloading the same model.
    public boolean isWaiting() {
        return isWaiting;
    }

    /// The files; none until the hub has listed them.
    public List<File> files() {
        return files.stream()
                .map(part -> new File(part.file.name(), part.file.size(), part.bytes.get(), part.checked.get() == 1))
                .toList();
    }

    /// Bytes of all files that have come.
    public long bytes() {
        return files.stream().mapToLong(part -> part.bytes.get()).sum();
    }

    /// Bytes of all files; 0 until the hub has listed them.
    public long size() {
        return files.stream().mapToLong(part -> part.file.size()).sum();
    }

    /// From 0 to 100; 0 until the hub has listed the files.
    public double percent() {
        return 100.0 * bytes() / Math.max(1, size());
    }

    /// Over the last seconds; 0 while nothing comes.
    public long bytesPerSecond() {
        return rate.perSecond(received.get(), System.nanoTime());
    }

    /// About; 0 where that cannot be told.
    public long secondsLeft() {
        var speed = bytesPerSecond();
        return speed == 0 ? 0 : Math.ceilDiv(size() - bytes(), speed);
    }
}
