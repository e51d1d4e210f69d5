package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The whole way, as a user goes it: a hub, an empty cache, `MODEL_NAME=org/name`, and an answer over the API.
@Timeout(300)
final class ServeFromHubTest {
    private static final Pattern ADDRESS = Pattern.compile("(http://127\\.0\\.0\\.1:\\d+)/health");
    private static final String QUESTION = "{\"model\":\"any\",\"max_tokens\":20,\"temperature\":0,\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"What is the capital of France?\"}]}";
    private static final Map<String, String> SETTINGS = Map.of("MODEL_NAME", "org/small-135m", "PORT", "0");

    @TempDir
    private Path cache = Path.of("");

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void downloadsTellsHowFarItIsAndAnswers() throws IOException, InterruptedException {
        try (var hub = new FakeHub()) {
            hub.add("org/small-135m", embeddedModel());
            hub.limitSpeed(4_000_000);
            try (var server = JmlxProcess.start(hub, cache, SETTINGS, "serve")) {
                var address = address(server);
                var refused = post(address);
                assertThat(refused.statusCode()).isEqualTo(529);
                assertThat(refused.body()).contains("the model org/small-135m is being");
                assertThat(refused.headers().firstValueAsLong("retry-after").orElse(0))
                        .isBetween(1L, 60L);

                var percents = percentsUntilReady(server, address);
                assertThat(percents).isSorted();
                assertThat(percents).anyMatch(percent -> percent > 0 && percent < 100);

                var answer = post(address);
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(json(answer).path("content").path(0).path("text").asString())
                        .isEqualTo("The capital of France is Paris.");
                assertThat(json(get(address + "/v1/models"))
                                .path("data")
                                .path(0)
                                .path("display_name")
                                .asString())
                        .isEqualTo("org/small-135m");

                server.process().destroy();
                assertThat(server.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
        }
        // No hub any more: what is complete in the cache starts without one.
        try (var gone = new FakeHub();
                var server = JmlxProcess.start(gone, cache, SETTINGS, "generate", "-p", "Hi", "--max-tokens", "2")) {
            assertThat(server.process().waitFor()).as(server.output()).isZero();
            assertThat(gone.requests()).isEmpty();
        }
    }

    @Test
    void aModelThatIsNowhereEndsTheServerWithNearNames() throws IOException, InterruptedException {
        try (var hub = new FakeHub();
                var server = JmlxProcess.start(
                        hub, cache, Map.of("MODEL_NAME", "org/smollm2-135m-4bit", "PORT", "0"), "serve")) {
            assertThat(server.process().waitFor()).isEqualTo(2);
            assertThat(server.output())
                    .contains("jmlx: org/smollm2-135m-4bit is not on the hub at 127.0.0.1: check the name")
                    .contains("near names here: smollm2-135m-instruct-4bit")
                    .doesNotContain("Exception");
        }
    }

    /// Percents of the download that the server told until it was ready.
    private List<Double> percentsUntilReady(JmlxProcess server, String address)
            throws IOException, InterruptedException {
        var percents = new ArrayList<Double>();
        while (!server.process().waitFor(50, TimeUnit.MILLISECONDS)) {
            var health = get(address + "/health");
            if (health.statusCode() == 200) {
                assertThat(json(health).path("status").asString()).isEqualTo("ok");
                return percents;
            }
            assertThat(health.statusCode()).isEqualTo(503);
            if (json(health).path("status").asString().equals("downloading")) {
                percents.add(json(health).path("percent").asDouble());
            }
        }
        throw new AssertionError(server.output());
    }

    private static String address(JmlxProcess server) throws IOException, InterruptedException {
        while (!server.process().waitFor(20, TimeUnit.MILLISECONDS)) {
            var match = ADDRESS.matcher(server.output());
            if (match.find()) {
                return match.group(1);
            }
        }
        throw new AssertionError(server.output());
    }

    private HttpResponse<String> post(String address) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(address + "/v1/messages"))
                .POST(BodyPublishers.ofString(QUESTION))
                .build();
        return http.send(request, BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String address) throws IOException, InterruptedException {
        return http.send(HttpRequest.newBuilder(URI.create(address)).build(), BodyHandlers.ofString());
    }

    private static JsonNode json(HttpResponse<String> response) {
        return JsonMapper.shared().readTree(response.body());
    }

    private static Map<String, byte[]> embeddedModel() throws IOException {
        var folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("models/smollm2-135m-instruct-4bit"))) {
            folder = folder.resolveSibling("");
        }
        var files = new HashMap<String, byte[]>();
        try (var paths = Files.list(folder.resolve("models/smollm2-135m-instruct-4bit"))) {
            for (var path : paths.toList()) {
                files.put(path.getFileName().toString(), Files.readAllBytes(path));
            }
        }
        return files;
    }
}
