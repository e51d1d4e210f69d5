package dev.jmlx.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Brings a model's files into the cache: stretches of them over several connections at a time, each piece kept as
/// soon as it is whole, so that a download goes on where its process ended.
///
/// A file counts as there only when its hash is what the hub lists; the revision only when all files are. Used
/// once; one process at a time works on a repository, the others wait.
final class Download {
    /// Pieces that one request asks for: 16 MiB.
    private static final int STRETCH = 16;

    private final HubCache cache;
    private final HubClient client;
    private final Retries retries;
    private final HubModel model;
    private final DownloadProgress progress;
    private final ConcurrentLinkedQueue<Stretch> stretches = new ConcurrentLinkedQueue<>();

    Download(HubCache cache, HubClient client, Retries retries, HubModel model, DownloadProgress progress) {
        this.cache = cache;
        this.client = client;
        this.retries = retries;
        this.model = model;
        this.progress = progress;
    }

    /// Consecutive missing pieces `from .. end - 1` of a file.
    private record Stretch(FileDownload file, int from, int end) {}

    /// The folder of the model's files. Throws [HubException].
    Path run(int connections) {
        try (var _ = DownloadLock.take(cache.locks(model), progress::waiting)) {
            return locked(connections);
        } catch (IOException failed) {
            throw new HubException(
                    model + " cannot be stored in " + cache.root() + ": " + reason(failed)
                            + "; HF_HUB_CACHE can name another folder",
                    failed);
        }
    }

    /// Some exceptions say no more than the path.
    private static String reason(IOException problem) {
        return problem instanceof AccessDeniedException denied
                ? "no permission for " + denied.getFile()
                : String.valueOf(problem.getMessage());
    }

    private Path locked(int connections) throws IOException {
        var listing = client.listing(model, progress::problem);
        ModelFiles.check(model, listing.files());
        progress.begin(listing.files());
        checkSpace(listing);
        var files = new HashMap<String, FileDownload>();
        try {
            for (var i = 0; i < listing.files().size(); i++) {
                var file = listing.files().get(i);
                if (isThere(listing.commit(), file)) {
                    progress.done(i);
                } else if (!files.containsKey(file.blob())) {
                    files.put(file.blob(), FileDownload.open(cache.blob(model, file), file, i, progress));
                }
            }
            files.values().forEach(this::queue);
            fetch(listing.commit(), connections);
        } finally {
            for (var file : files.values()) {
                file.close();
            }
        }
        for (var i = 0; i < listing.files().size(); i++) {
            var file = listing.files().get(i);
            if (!isThere(listing.commit(), file)) {
                throw new IOException(file.name() + " is not there after its download");
            }
            cache.link(model, listing.commit(), file);
            progress.done(i);
        }
        cache.setCommit(model, listing.commit());
        cache.dropPartials(model);
        return cache.snapshots(model).resolve(listing.commit());
    }

    private boolean isThere(String commit, RemoteFile file) throws IOException {
        var blob = cache.blob(model, file);
        return cache.has(model, commit, file) || (Files.isRegularFile(blob) && Files.size(blob) == file.size());
    }

    /// Before anything is opened: where files cannot have holes, opening takes the space.
    private void checkSpace(HubClient.Listing listing) throws IOException {
        var missing = 0L;
        for (var file : listing.files()) {
            if (!isThere(listing.commit(), file)) {
                missing += file.size() - PartialFile.bytes(FileDownload.partial(cache.blob(model, file)));
            }
        }
        var free = Files.getFileStore(cache.locks(model)).getUsableSpace();
        if (missing > free) {
            throw new HubException(String.format(
                    Locale.ROOT,
                    "%s needs %.1f GB more on the disk of %s, which has %.1f GB: free some, or name another folder in"
                            + " HF_HUB_CACHE",
                    model,
                    missing / 1e9,
                    cache.root(),
                    free / 1e9));
        }
    }

    /// What is missing of a file.
    private void queue(FileDownload file) {
        for (var from = 0; from < file.pieces(); from++) {
            var end = from;
            while (end < file.pieces() && end - from < STRETCH && !file.has(end)) {
                end++;
            }
            if (end > from) {
                stretches.add(new Stretch(file, from, end));
                from = end - 1;
            }
        }
        if (file.missingPieces() == 0) {
            stretches.add(new Stretch(file, 0, 0));
        }
    }

    private void fetch(String commit, int connections) {
        var failure = new Failure();
        var ended = new Semaphore(0);
        var threads = new ArrayList<Thread>();
        for (var i = 0; i < connections; i++) {
            // Hashing keeps a thread busy for seconds.
            threads.add(Thread.ofPlatform().daemon().name("download-" + i).start(() -> {
                try {
                    work(commit, failure);
                } catch (Exception problem) {
                    failure.set(problem);
                } catch (Error fault) {
                    failure.set(new IOException(fault.toString(), fault));
                } finally {
                    ended.release();
                }
            }));
        }
        for (var left = connections; left > 0; left--) {
            try {
                ended.acquire();
            } catch (InterruptedException _) {
                failure.set(new HubException(model + ": interrupted; the next start goes on from here"));
                left++;
            }
            if (failure.isSet()) {
                threads.forEach(Thread::interrupt);
            }
        }
        failure.rethrow(model);
    }

    private void work(String commit, Failure failure) throws IOException {
        while (!failure.isSet()) {
            var stretch = stretches.poll();
            if (stretch == null) {
                return;
            }
            fetch(commit, stretch);
            if (stretch.file.claimCheck() && !stretch.file.check(model)) {
                queue(stretch.file);
            }
        }
    }

    private void fetch(String commit, Stretch stretch) throws IOException {
        var file = stretch.file;
        var piece = new byte[PartialFile.PIECE];
        var next = stretch.from;
        for (var failed = 0; next < stretch.end; ) {
            try (var body = TimedBody.of(
                    client.open(model, commit, file.remote(), file.start(next), file.start(stretch.end)))) {
                body.begin(file.remote(), file.start(next));
                while (next < stretch.end) {
                    var length = (int) (file.start(next + 1) - file.start(next));
                    body.fill(piece, length);
                    file.put(next, ByteBuffer.wrap(piece, 0, length));
                    next++;
                    failed = 0;
                }
            } catch (FileDownload.DiskException full) {
                throw new HubException(
                        file.remote().name() + " of " + model + " cannot be written: " + full.getMessage()
                                + "; free space on the disk of " + cache.root()
                                + ", or name another folder in HF_HUB_CACHE, and start again: it goes on from there",
                        full);
            } catch (IOException broken) {
                retries.pauseOrGiveUp(
                        file.remote().name() + " of " + model
                                + " could not be fetched (what has come is kept; start again to go on)",
                        failed++,
                        broken,
                        problem -> progress.problem(file.remote().name() + ": " + problem));
            }
        }
    }

    /// The first problem of any connection.
    private static final class Failure {
        private volatile @Nullable Exception first;

        synchronized void set(Exception problem) {
            first = Objects.requireNonNullElse(first, problem);
        }

        boolean isSet() {
            return first != null;
        }

        void rethrow(HubModel model) {
            switch (first) {
                case null -> {}
                case HubException problem -> throw problem;
                case Exception problem -> throw new HubException(model + ": " + problem.getMessage(), problem);
            }
        }
    }
}
