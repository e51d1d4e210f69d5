package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.hub.FakeHub.Fault;
import dev.jmlx.hub.FakeHub.Request;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Downloads from a hub on this machine that breaks down in every way that hubs, storages and networks do.
@Timeout(120)
final class HubTest {
    private static final HubModel MODEL = HubModel.parse("org/small-4bit").orElseThrow();
    private static final String WEIGHTS = "model.safetensors";

    /// Three stretches of the downloader and a rest.
    private static final int WEIGHTS_SIZE = (50 << 20) + 12_345;

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

    private static boolean isForStoredWeights(Request request) {
        return request.isStorage() && request.target().endsWith(WEIGHTS);
    }

    private static Map<String, byte[]> files() {
        var files = new LinkedHashMap<String, byte[]>();
        files.put("README.md", "not for a model".getBytes(StandardCharsets.UTF_8));
        files.put("config.json", "{\"model_type\":\"llama\"}".getBytes(StandardCharsets.UTF_8));
        files.put("tokenizer.json", "{}".getBytes(StandardCharsets.UTF_8));
        files.put("tokenizer_config.json", "{\"a\":1}".getBytes(StandardCharsets.UTF_8));
        files.put("chat_template.jinja", new byte[0]);
        var weights = new byte[WEIGHTS_SIZE];
        new Random(1).nextBytes(weights);
        files.put(WEIGHTS, weights);
        return files;
    }

    private Hub client(@Nullable String token, boolean isOffline) {
        var settings = new HubSettings(hub().endpoint(), token, cache, isOffline);
        return new Hub(settings, new Retries(4, Duration.ofMillis(5)));
    }

    private Path pull() {
        return client(null, false).pull(MODEL, new DownloadProgress());
    }

    private void assertComplete(Path folder) throws IOException {
        for (var file : files.entrySet()) {
            if (!file.getKey().equals("README.md")) {
                assertThat(Files.readAllBytes(folder.resolve(file.getKey())))
                        .as(file.getKey())
                        .isEqualTo(file.getValue());
            }
        }
        assertThat(folder.resolve("README.md")).doesNotExist();
        try (var blobs = Files.list(folder.resolve("../../blobs"))) {
            assertThat(blobs.filter(blob -> blob.toString().endsWith("partial")))
                    .isEmpty();
        }
        assertThat(client(null, true).cached(MODEL)).contains(folder);
    }

    @Test
    void storesAModelAsPythonDoes() throws IOException {
        var folder = pull();

        assertComplete(folder);
        var commit = folder.getFileName().toString();
        assertThat(cache.relativize(folder)).isEqualTo(Path.of("models--org--small-4bit/snapshots/" + commit));
        assertThat(cache.resolve("models--org--small-4bit/refs/main")).hasContent(commit);
        assertThat(Files.readSymbolicLink(folder.resolve(WEIGHTS)))
                .isEqualTo(Path.of("../../blobs/" + FakeRepo.sha256(content(WEIGHTS))));
        assertThat(Files.readSymbolicLink(folder.resolve("config.json")))
                .isEqualTo(Path.of("../../blobs/" + FakeRepo.gitHash(content("config.json"))));
        assertThat(hub().sent(WEIGHTS)).isEqualTo(WEIGHTS_SIZE);
    }

    @Test
    void secondPullFetchesNothingAndANewCommitOnlyWhatChanged() throws IOException {
        pull();
        pull();
        assertThat(hub().sent(WEIGHTS)).isEqualTo(WEIGHTS_SIZE);

        files.put("config.json", "{\"model_type\":\"qwen3\"}".getBytes(StandardCharsets.UTF_8));
        hub().add(MODEL.repo(), files);

        assertComplete(pull());
        assertThat(hub().sent(WEIGHTS)).isEqualTo(WEIGHTS_SIZE);
        assertThat(client(null, true).cache().list()).hasSize(2);
    }

    @Test
    void fetchesSeveralStretchesAtOnce() throws IOException {
        hub().limitSpeed(20_000_000);
        assertComplete(pull());

        assertThat(hub().requests().stream().filter(HubTest::isForStoredWeights))
                .extracting(request -> request.headers().get("range"))
                .hasSize(4)
                .allMatch(range -> range.startsWith("bytes="));
    }

    @Test
    void getsOverResetShortWrongAndDamagedAnswers() throws IOException {
        hub().breakDown(2, new Fault.Reset(), HubTest::isForStoredWeights);
        hub().breakDown(2, new Fault.Cut(), HubTest::isForStoredWeights);
        hub().breakDown(2, new Fault.WrongLength(), HubTest::isForStoredWeights);
        hub().breakDown(2, new Fault.Status(503, "", ""), HubTest::isForStoredWeights);
        hub().breakDown(2, new Fault.Status(429, "Retry-After", "1"), request -> !request.isStorage());
        hub().breakDown(1, new Fault.Cut(), request -> request.target().endsWith("/config.json"));

        assertComplete(pull());
        // What came before a break is kept; a reset connection takes along what was not read yet.
        assertThat(hub().sent(WEIGHTS)).isLessThan(WEIGHTS_SIZE + 6L * (8 << 20));
    }

    @Test
    void waitsAsLongAsTheHubAsks() {
        hub().breakDown(1, new Fault.Status(429, "Retry-After", "1"), request -> !request.isStorage());
        var start = System.nanoTime();
        pull();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
    }

    @Test
    void fetchesADamagedFileAgainAndGivesUpWhenItIsDamagedTwice() throws IOException {
        hub().breakDown(1, new Fault.Corrupt(), HubTest::isForStoredWeights);
        assertComplete(pull());

        client(null, true).cache().remove(MODEL);
        hub().breakDown(100, new Fault.Corrupt(), HubTest::isForStoredWeights);
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("model.safetensors of org/small-4bit came twice with other bytes");
        assertThat(client(null, true).cached(MODEL)).isEmpty();
    }

    @Test
    void worksWithAStorageThatKnowsNoRanges() throws IOException {
        hub().breakDown(100, new Fault.NoRange(), HubTest::isForStoredWeights);
        assertComplete(pull());
    }

    @Test
    void endsAStalledConnection() throws IOException {
        hub().breakDown(1, new Fault.Stall(), HubTest::isForStoredWeights);
        var listing = new HubClient(new HubSettings(hub().endpoint(), null, cache, false), Retries.defaults());
        try (listing) {
            var found = listing.listing(MODEL, _ -> {});
            var file = found.files().stream()
                    .filter(one -> one.name().equals(WEIGHTS))
                    .findFirst()
                    .orElseThrow();
            try (var body =
                    TimedBody.of(listing.open(MODEL, found.commit(), file, 0, 1 << 20), Duration.ofMillis(300))) {
                body.begin(file, 0);
                assertThatThrownBy(() -> body.fill(new byte[1 << 20], 1 << 20))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("hardly anything came");
            }
        }
    }

    @Test
    void asksTheHubForAnotherAddressWhenTheStorageRefuses() throws IOException {
        hub().breakDown(1, new Fault.Status(403, "", ""), HubTest::isForStoredWeights);
        hub().breakDown(1, new Fault.Status(404, "", ""), HubTest::isForStoredWeights);
        assertComplete(pull());
    }

    @Test
    void filesOfTheSameContentAreFetchedOnceAndAllThere() throws IOException {
        files.put("a.json", "{\"same\":true}".getBytes(StandardCharsets.UTF_8));
        files.put("b.json", content("a.json"));
        hub().add(MODEL.repo(), files);

        var folder = pull();

        assertComplete(folder);
        assertThat(folder.resolve("a.json")).hasBinaryContent(content("a.json"));
        assertThat(folder.resolve("b.json")).hasBinaryContent(content("a.json"));
        assertThat(hub().sent("a.json") + hub().sent("b.json")).isEqualTo(content("a.json").length);
    }

    @Test
    void weightsThatLeadNowhereAreNotComplete() throws IOException {
        var folder = pull();
        Files.delete(folder.toRealPath().resolve(folder.resolve(WEIGHTS).toRealPath()));

        assertThat(client(null, true).cached(MODEL)).isEmpty();
        assertComplete(pull());
    }

    @Test
    void aSingleRevisionIsNotRemoved() {
        pull();
        var old = HubModel.parse("org/small-4bit@v1").orElseThrow();

        assertThatThrownBy(() -> client(null, true).cache().remove(old))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("a single revision cannot be removed");
        assertThat(client(null, true).cached(MODEL)).isPresent();
    }

    @Test
    void waitsAsLongAsTheHubsRateLimitSays() {
        hub().breakDown(
                        1,
                        new Fault.Status(429, "RateLimit", "\"resolvers\";r=0;t=1"),
                        request -> !request.isStorage());
        var start = System.nanoTime();
        pull();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(1));
    }

    @Test
    void tellsTheTokenToTheHubAloneAndNeverToItsStorage() {
        client("hf_secret", false).pull(MODEL, new DownloadProgress());

        assertThat(hub().requests().stream().filter(Request::isStorage))
                .isNotEmpty()
                .allMatch(request -> !request.headers().containsKey("authorization"));
        assertThat(hub().requests().stream().filter(request -> !request.isStorage()))
                .allMatch(request -> "Bearer hf_secret".equals(request.headers().get("authorization")));
    }

    @Test
    void saysWhatIsWrongWithAModel() {
        hub().add("org/gguf", Map.of("config.json", new byte[] {'{', '}'}, "weights.gguf", new byte[3]));
        hub().add("org/dataset", Map.of("data.json", new byte[] {'{', '}'}));

        assertRefused("org/nothing", "org/nothing is not on the hub at 127.0.0.1: check the name");
        assertRefused("org/small-4bit@v9", "org/small-4bit has no revision \"v9\"");
        assertRefused("org/gguf", "org/gguf has no model*.safetensors: look for a version of it in MLX's format");
        assertRefused("org/dataset", "org/dataset has no config.json: it is not a model");
    }

    @ParameterizedTest
    @ValueSource(ints = {401, 403})
    void saysHowToReadAGatedModel(int status) {
        hub().breakDown(1, new Fault.Status(status, "X-Error-Code", "GatedRepo"), request -> true);

        assertRefused(MODEL.repo(), "org/small-4bit is gated: accept its conditions at http://127.0.0.1");
    }

    @Test
    void saysThatTheHubLimitsRequests() {
        hub().breakDown(9, new Fault.Status(429, "Retry-After", "3600"), request -> true);

        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessage("org/small-4bit cannot be looked up: the hub limits requests (429); try again in 3600 s");
    }

    @Test
    void startsFromTheCacheWithoutANetworkAndSaysSoWhereItCannot() throws IOException {
        var folder = pull();
        hub().close();

        assertThat(client(null, false).cached(MODEL)).contains(folder);
        var other = HubModel.parse("org/other").orElseThrow();
        assertThatThrownBy(() -> client(null, false).pull(other, new DownloadProgress()))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("org/other cannot be looked up: 127.0.0.1 cannot be reached");
        assertThatThrownBy(() -> client(null, true).pull(other, new DownloadProgress()))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("HF_HUB_OFFLINE is set");
    }

    @Test
    void incompleteModelsAreListedAndNotUsed() {
        hub().breakDown(100, new Fault.Status(500, "", ""), HubTest::isForStoredWeights);
        assertThatThrownBy(this::pull)
                .isInstanceOf(HubException.class)
                .hasMessageContaining("start again to go on")
                .hasMessageContaining("the storage at 127.0.0.1 answers 500");

        assertThat(client(null, true).cached(MODEL)).isEmpty();
        assertThat(client(null, true).cache().list())
                .extracting(CachedModel::isComplete)
                .containsExactly(false);
    }

    @Test
    void removesAModelAndNothingElse() {
        hub().add("org/two", files);
        var two = HubModel.parse("org/two").orElseThrow();
        pull();
        client(null, false).pull(two, new DownloadProgress());
        var hubCache = client(null, true).cache();

        assertThat(hubCache.remove(MODEL)).isGreaterThan(WEIGHTS_SIZE);
        assertThat(hubCache.list()).extracting(cached -> cached.model().repo()).containsExactly("org/two");
        assertThatThrownBy(() -> hubCache.remove(MODEL))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("org/small-4bit is not in the cache");
    }

    private byte[] content(String file) {
        return Objects.requireNonNull(files.get(file));
    }

    private void assertRefused(String name, String message) {
        assertThatThrownBy(() -> client(null, false).pull(HubModel.parse(name).orElseThrow(), new DownloadProgress()))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith(message);
    }
}
