package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.http.messages.StartState;
import dev.jmlx.http.messages.StartState.Phase;
import dev.jmlx.http.messages.StartingApi;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What clients hear before the model is there, and that they hear something else afterwards.
final class StartingServerTest {
    private volatile StartState state = new StartState(Phase.DOWNLOADING, 41.26, 600);

    private final Dispatcher dispatcher = new Dispatcher(
            new Guard("secret", "127.0.0.1"), new Router(new StartingApi("org/m", "1", () -> state).routes()));
    private final Server server = Server.start("127.0.0.1", 0, dispatcher, Limits.defaults());

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void healthSaysHowFarTheDownloadIs() throws IOException {
        var health = ask("GET /health");

        assertThat(health.status()).isEqualTo(503);
        assertThat(health.headers()).containsEntry("retry-after", "60");
        assertThat(health.body())
                .isEqualTo("{\"name\":\"jmlx\",\"version\":\"1\",\"model\":\"org/m\","
                        + "\"status\":\"downloading\",\"percent\":41.3}");
        try (var client = new RawClient(server.port())) {
            client.send("HEAD /health HTTP/1.1\nhost: localhost\n\n");
            assertThat(client.line()).startsWith("HTTP/1.1 503");
        }
        state = new StartState(Phase.LOADING, 7, 0);
        assertThat(ask("GET /health").body()).contains("\"status\":\"loading\",\"percent\":7.0");
    }

    @Test
    void messagesAreToldToComeBack() throws IOException {
        var refused = ask("POST /v1/messages?beta=true");

        assertThat(refused.status()).isEqualTo(529);
        assertThat(refused.headers()).containsEntry("retry-after", "60");
        assertThat(refused.body())
                .contains("\"type\":\"overloaded_error\"")
                .contains("the model org/m is being downloaded (41 %); try again");
        state = new StartState(Phase.LOADING, 7, 0);
        assertThat(ask("POST /v1/messages/count_tokens").headers()).containsEntry("retry-after", "20");
    }

    @Test
    void aWrongKeyIsRefusedBeforeAnythingElse() throws IOException {
        try (var client = new RawClient(server.port())) {
            assertThat(client.post("/v1/messages", "{}").answer().status()).isEqualTo(401);
        }
    }

    @Test
    void theNextRequestAfterTheStartIsAnswered() throws IOException {
        try (var client = new RawClient(server.port())) {
            assertThat(client.send("GET /health HTTP/1.1\nhost: localhost\n\n")
                            .answer()
                            .status())
                    .isEqualTo(503);
            dispatcher.route(new Router(List.of(Route.open(
                    "GET", "/health", (exchange, _) -> exchange.respond(200, Map.of(), new byte[] {'{', '}'})))));

            assertThat(client.send("GET /health HTTP/1.1\nhost: localhost\n\n")
                            .answer()
                            .status())
                    .isEqualTo(200);
        }
    }

    private RawClient.Answer ask(String request) throws IOException {
        try (var client = new RawClient(server.port())) {
            return client.send(request + " HTTP/1.1\nhost: localhost\nx-api-key: secret\ncontent-length: 2\n\n{}")
                    .answer();
        }
    }
}
