package dev.jmlx.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The cache on disk that Python's `huggingface_hub` uses too:
/// `models--ORG--NAME/{blobs/HASH, snapshots/COMMIT/FILE -> ../../blobs/HASH, refs/REVISION}`.
///
/// A revision's `refs` file is written last, so that it names complete snapshots only. Any thread; several
/// processes may read, one at a time downloads ([Download] holds a lock). Layout: huggingface_hub 2.4.0.
public final class HubCache {
    private final Path root;

    /// `root`: need not exist.
    public HubCache(Path root) {
        this.root = root.toAbsolutePath();
    }

    /// The folder of a model's files, when all that it needs is there.
    public Optional<Path> snapshot(HubModel model) {
        return commit(model).map(commit -> snapshots(model).resolve(commit)).filter(ModelFiles::isComplete);
    }

    /// The commit that a revision was when it was downloaded.
    private Optional<String> commit(HubModel model) {
        if (model.isCommit()) {
            return Optional.of(model.revision());
        }
        var ref = ref(model);
        try {
            return Files.isRegularFile(ref)
                    ? Optional.of(Files.readString(ref).strip()).filter(HubModel::isCommit)
                    : Optional.empty();
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /// What the cache has of models, by name.
    public List<CachedModel> list() {
        var found = new ArrayList<CachedModel>();
        for (var folder : children(root)) {
            var name = folder.getFileName().toString();
            if (name.startsWith("models--") && Files.isDirectory(folder)) {
                try {
                    HubModel.parse(name.substring("models--".length()).replaceFirst("--", "/"))
                            .ifPresent(model -> found.addAll(snapshots(folder, model.repo())));
                } catch (HubException | UncheckedIOException _) {
                    // Not ours to read.
                }
            }
        }
        return found;
    }

    private static List<CachedModel> snapshots(Path folder, String repo) {
        var revisions = revisions(folder.resolve("refs"));
        var found = new ArrayList<CachedModel>();
        for (var snapshot : children(folder.resolve("snapshots"))) {
            var commit = snapshot.getFileName().toString();
            if (HubModel.isCommit(commit)) {
                var revision = revisions.getOrDefault(commit, commit);
                found.add(new CachedModel(
                        new HubModel(repo, revision), snapshot, bytes(snapshot), ModelFiles.isComplete(snapshot)));
            }
        }
        if (found.isEmpty()) {
            // A first download that has not ended.
            found.add(new CachedModel(new HubModel(repo, "main"), folder, bytes(folder.resolve("blobs")), false));
        }
        return found;
    }

    /// Revisions by their commits; `main` wins.
    private static Map<String, String> revisions(Path refs) {
        var byCommit = new TreeMap<String, String>();
        if (!Files.isDirectory(refs)) {
            return byCommit;
        }
        try (var files = Files.walk(refs)) {
            for (var file : files.filter(Files::isRegularFile).sorted().toList()) {
                var revision = refs.relativize(file).toString().replace('\\', '/');
                byCommit.merge(Files.readString(file).strip(), revision, (old, now) -> now.equals("main") ? now : old);
            }
        } catch (IOException _) {
            // Shown by their commits then.
        }
        return byCommit;
    }

    /// Deletes a repository with all its revisions; the bytes that this freed. Throws [HubException] when the
    /// cache has no such repository.
    public long remove(HubModel model) {
        if (!model.revision().equals("main")) {
            throw new HubException("a single revision cannot be removed; `remove " + model.repo() + "` removes all of "
                    + model.repo());
        }
        var folder = folder(model);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            throw new HubException(model.repo() + " is not in the cache " + root + " (`list` shows what is)");
        }
        try (var lock = DownloadLock.tryTake(locks(model))) {
            if (lock == null) {
                throw new HubException(model.repo() + " is being downloaded by another process; end that first");
            }
            var bytes = bytes(folder.resolve("blobs"));
            delete(folder);
            return bytes;
        } catch (IOException | UncheckedIOException failed) {
            throw new HubException("not all of " + folder + " could be deleted: " + failed.getMessage(), failed);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /// The folder of all repositories.
    public Path root() {
        return root;
    }

    Path folder(HubModel model) {
        return root.resolve(model.folder());
    }

    Path locks(HubModel model) {
        return root.resolve(".locks").resolve(model.folder());
    }

    Path blob(HubModel model, RemoteFile file) {
        return folder(model).resolve("blobs").resolve(file.blob());
    }

    Path snapshots(HubModel model) {
        return folder(model).resolve("snapshots");
    }

    private Path ref(HubModel model) {
        return folder(model).resolve("refs").resolve(model.revision());
    }

    /// Makes `file` of a snapshot the content that lies in `blobs`: a link, or where links are not possible a
    /// copy.
    void link(HubModel model, String commit, RemoteFile file) throws IOException {
        var blob = blob(model, file);
        var folder = Files.createDirectories(snapshots(model).resolve(commit));
        var link = folder.resolve(file.name());
        if (has(model, commit, file)) {
            return;
        }
        Files.deleteIfExists(link);
        try {
            Files.createSymbolicLink(link, folder.relativize(blob));
        } catch (FileAlreadyExistsException _) {
            // Python made it meanwhile.
        } catch (UnsupportedOperationException | IOException _) {
            linkHard(link, blob);
        }
    }

    /// Windows asks for no permission for these.
    private static void linkHard(Path link, Path blob) throws IOException {
        try {
            Files.createLink(link, blob);
        } catch (UnsupportedOperationException | IOException _) {
            Files.copy(blob, link);
        }
    }

    /// Deletes what is left of downloads of other states that ended early.
    void dropPartials(HubModel model) throws IOException {
        for (var file : children(folder(model).resolve("blobs"))) {
            if (file.getFileName().toString().endsWith(PartialFile.SUFFIX)) {
                Files.delete(file);
            }
        }
    }

    /// Whether a snapshot has `file` already.
    boolean has(HubModel model, String commit, RemoteFile file) {
        var path = snapshots(model).resolve(commit).resolve(file.name());
        try {
            return Files.isRegularFile(path) && Files.size(path) == file.size();
        } catch (IOException _) {
            return false;
        }
    }

    /// Notes that the model's revision is `commit`.
    void setCommit(HubModel model, String commit) throws IOException {
        if (model.isCommit()) {
            return;
        }
        var ref = ref(model);
        Files.createDirectories(ref.getParent());
        // Not in `refs`, where Python would take it for a revision.
        var next = folder(model).resolve("jmlx-ref.tmp");
        Files.writeString(next, commit, StandardCharsets.US_ASCII);
        Files.move(next, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /// Whether `name` names a file in a folder and nothing outside it.
    static boolean isPlain(String name) {
        return !name.isEmpty() && !name.contains("/") && !name.contains("\\") && !name.startsWith(".");
    }

    private static List<Path> children(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (var files = Files.list(folder)) {
            return files.sorted().toList();
        } catch (IOException unreadable) {
            throw new HubException("the hub's cache cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    private static long bytes(Path folder) {
        var sum = 0L;
        for (var file : children(folder)) {
            try {
                if (file.getFileName().toString().endsWith(PartialFile.SUFFIX)) {
                    sum += PartialFile.bytes(file);
                } else {
                    sum += Files.isRegularFile(file) ? Files.size(file) : 0;
                }
            } catch (IOException _) {
                // Gone meanwhile.
            }
        }
        return sum;
    }
}
