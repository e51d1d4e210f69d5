package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Our cache and that of Python's `huggingface_hub` are one: both programs against the same hub on this machine.
///
/// Needs a Python with `huggingface_hub`, which the system property `python` names; without the property the tag
/// keeps it out (CONTRIBUTING.md).
@Tag("python")
@Timeout(120)
final class PythonCacheTest {
    private static final HubModel MODEL = HubModel.parse("org/small-4bit").orElseThrow();

    @TempDir
    private Path cache = Path.of("");

    private final Map<String, byte[]> files = files();
    private @Nullable FakeHub open;

    @BeforeEach
    void start() throws IOException {
        open = new FakeHub();
        hub().add(MODEL.repo(), files);
    }

    @AfterEach
    void stop() throws IOException {
        hub().close();
    }

    private FakeHub hub() {
        if (open == null) {
            throw new IllegalStateException("not started");
        }
        return open;
    }

    private static Map<String, byte[]> files() {
        var files = new TreeMap<String, byte[]>();
        files.put("README.md", "not for a model".getBytes(StandardCharsets.UTF_8));
        files.put("config.json", "{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8));
        files.put("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
        var weights = new byte[(3 << 20) + 5];
        new Random(1).nextBytes(weights);
        files.put("model.safetensors", weights);
        return files;
    }

    @Test
    void whatPythonDownloadedIsUsedWithoutADownload() throws IOException, InterruptedException {
        var folder = python("import huggingface_hub; print(huggingface_hub.snapshot_download('org/small-4bit'))");
        var requests = hub().requests().size();

        assertThat(new HubCache(cache).snapshot(MODEL)).contains(Path.of(folder));
        assertThat(new HubCache(cache).list())
                .singleElement()
                .satisfies(cached -> assertThat(cached.isComplete()).isTrue());
        // Asking for the newest state fetches the listing and no file.
        assertThat(client().pull(MODEL, new DownloadProgress())).isEqualTo(Path.of(folder));
        assertThat(hub().requests().subList(requests, hub().requests().size()))
                .extracting(FakeHub.Request::target)
                .allMatch(target -> target.startsWith("/api/models/"));
    }

    @Test
    void whatWeDownloadedIsPythonsToo() throws IOException, InterruptedException {
        var folder = client().pull(MODEL, new DownloadProgress());

        assertThat(python("import huggingface_hub;"
                        + "print(huggingface_hub.snapshot_download('org/small-4bit', local_files_only=True))"))
                .isEqualTo(folder.toString());
        assertThat(python("import huggingface_hub; info = huggingface_hub.scan_cache_dir();"
                        + "repo, = info.repos; revision, = repo.revisions;"
                        + "print(len(info.warnings), repo.repo_id, repo.repo_type, sorted(revision.refs),"
                        + " revision.commit_hash, sorted(f.file_name for f in revision.files),"
                        + " repo.size_on_disk)"))
                .isEqualTo("0 org/small-4bit model ['main'] " + folder.getFileName() + " "
                        + wanted().keySet().stream().collect(Collectors.joining("', '", "['", "']")) + " "
                        + wanted().values().stream()
                                .mapToInt(bytes -> bytes.length)
                                .sum());
        // Python fetches what we left out and nothing that is there.
        python("import huggingface_hub; huggingface_hub.snapshot_download('org/small-4bit')");
        assertThat(hub().sent("model.safetensors")).isEqualTo(content("model.safetensors").length);
        assertThat(folder.resolve("README.md")).exists();
    }

    @Test
    void bothGoOnAfterTheOthersBrokenDownload() throws IOException, InterruptedException {
        hub().breakDown(100, new FakeHub.Fault.Status(404, "", ""), FakeHub.Request::isStorage);
        python(
                "import huggingface_hub\ntry: huggingface_hub.snapshot_download('org/small-4bit')\nexcept Exception: pass");
        assertThat(new HubCache(cache).snapshot(MODEL)).isEmpty();
        hub().add(MODEL.repo(), files);
        hub().mend();

        var folder = client().pull(MODEL, new DownloadProgress());

        assertThat(folder.resolve("model.safetensors")).hasBinaryContent(content("model.safetensors"));
    }

    private Map<String, byte[]> wanted() {
        var wanted = new TreeMap<>(files);
        wanted.remove("README.md");
        return wanted;
    }

    private byte[] content(String file) {
        return files.getOrDefault(file, new byte[0]);
    }

    private Hub client() {
        return new Hub(new HubSettings(hub().endpoint(), null, cache, false));
    }

    /// What the program printed last, on its standard output.
    private String python(String program) throws IOException, InterruptedException {
        var builder = new ProcessBuilder(System.getProperty("python", "python3"), "-c", program);
        builder.environment().keySet().removeIf(key -> key.startsWith("HF_"));
        builder.environment().put("HF_ENDPOINT", hub().endpoint().toString());
        builder.environment().put("HF_HUB_CACHE", cache.toString());
        builder.environment().put("HF_HOME", cache.resolve("home").toString());
        builder.environment().put("HF_HUB_DISABLE_TELEMETRY", "1");
        builder.environment().put("HF_HUB_DISABLE_XET", "1");
        var errors = Files.createTempFile("python", ".log");
        var process = builder.redirectError(errors.toFile()).start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(Files.readString(errors)).isZero();
        Files.delete(errors);
        return output;
    }
}
