package dev.jmlx.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/// One file on its way into the cache: its pieces lie beside the blob that they will be. Any thread.
final class FileDownload implements AutoCloseable {
    private final Path blob;
    private final Path path;
    private final RemoteFile remote;
    private final int index;
    private final DownloadProgress progress;
    private final PartialFile partial;
    private final AtomicInteger missing = new AtomicInteger();
    private final AtomicInteger damaged = new AtomicInteger();

    private FileDownload(
            Path blob, Path path, RemoteFile remote, int index, DownloadProgress progress, PartialFile partial) {
        this.blob = blob;
        this.path = path;
        this.remote = remote;
        this.index = index;
        this.progress = progress;
        this.partial = partial;
    }

    /// Something that the disk refused.
    static final class DiskException extends IOException {
        private static final long serialVersionUID = 1L;

        DiskException(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /// Goes on with `remote`, file number `index` of `progress`, or begins it.
    static FileDownload open(Path blob, RemoteFile remote, int index, DownloadProgress progress) throws IOException {
        var path = partial(blob);
        var file = new FileDownload(blob, path, remote, index, progress, PartialFile.open(path, remote.size()));
        file.count();
        return file;
    }

    /// What a blob is until it is whole. Not huggingface_hub's .incomplete: it takes the length of that for what has
    /// come.
    static Path partial(Path blob) {
        return blob.resolveSibling(blob.getFileName() + PartialFile.SUFFIX);
    }

    private void count() {
        var count = 0;
        for (var piece = 0; piece < pieces(); piece++) {
            count += has(piece) ? 0 : 1;
        }
        missing.set(count);
        progress.set(index, partial.bytes());
    }

    RemoteFile remote() {
        return remote;
    }

    int pieces() {
        return partial.pieces();
    }

    long start(int piece) {
        return partial.start(piece);
    }

    boolean has(int piece) {
        return partial.has(piece);
    }

    int missingPieces() {
        return missing.get();
    }

    /// Keeps a whole piece.
    void put(int piece, ByteBuffer bytes) throws DiskException {
        var count = bytes.remaining();
        try {
            partial.put(piece, bytes);
        } catch (IOException full) {
            throw new DiskException(full);
        }
        progress.add(index, count);
        missing.decrementAndGet();
    }

    /// Whether the caller is the one that checks the file, now that all pieces are there.
    boolean claimCheck() {
        return missing.compareAndSet(0, -1);
    }

    /// Makes the file a blob, if its hash is right; forgets all pieces once if it is not, and throws
    /// [HubException] the second time.
    boolean check(HubModel model) throws IOException {
        var hash = hash();
        if (hash.equals(remote.blob())) {
            partial.finish();
            partial.close();
            Files.move(path, blob, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            progress.done(index);
            return true;
        }
        partial.clear();
        if (damaged.incrementAndGet() > 1) {
            throw new HubException(remote.name() + " of " + model + " came twice with other bytes than the hub lists"
                    + " (" + hash + " instead of " + remote.blob() + "): is there a proxy that changes them?");
        }
        count();
        return false;
    }

    private String hash() throws IOException {
        var digest = digest(remote.isLarge() ? "SHA-256" : "SHA-1");
        if (!remote.isLarge()) {
            // What git hashes.
            digest.update(("blob " + remote.size() + "\0").getBytes(StandardCharsets.US_ASCII));
        }
        var buffer = ByteBuffer.allocate(PartialFile.PIECE);
        for (var at = 0L; at < remote.size(); at += buffer.limit()) {
            partial.read(buffer.clear().limit((int) Math.min(PartialFile.PIECE, remote.size() - at)), at);
            digest.update(buffer.flip());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest digest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException missing) {
            throw new HubException("this Java has no " + name, missing);
        }
    }

    @Override
    public void close() throws IOException {
        partial.close();
    }
}
