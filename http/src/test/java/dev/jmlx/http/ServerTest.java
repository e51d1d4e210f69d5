package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.http.sse.ClientGoneException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class ServerTest {
    private static final byte[] LARGE = "x".repeat(64 << 10).getBytes(StandardCharsets.UTF_8);
    private static final Limits LIMITS = limits(Duration.ofSeconds(30));

    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final CompletableFuture<Throwable> writerEnded = new CompletableFuture<>();
    private final Router router = new Router(List.of(
            Route.of(
                    "POST",
                    "/echo",
                    (exchange, _) ->
                            exchange.respond(200, Map.of(), exchange.request().body())),
            Route.of("GET", "/wait", this::waitForCancel),
            Route.of("GET", "/stream", this::stream),
            Route.of("GET", "/flood", this::flood),
            Route.of("GET", "/broken", (_, _) -> {
                throw new IllegalStateException("a secret detail");
            })));
    private final Server server =
            Server.start("127.0.0.1", 0, new Dispatcher(new Guard(null, "127.0.0.1"), router), LIMITS);

    private static Limits limits(Duration requestTimeout) {
        return new Limits(1000, 2000, 500, 8, requestTimeout, Duration.ofSeconds(30), Duration.ofMillis(300));
    }

    private void waitForCancel(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException {
        exchange.onCancel(cancelled::countDown);
        waiting.countDown();
        cancelled.await();
    }

    private void stream(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException {
        var events = exchange.eventStream();
        events.send("one", new byte[] {'1'});
        if (exchange.request().query().containsKey("fail")) {
            throw ApiException.overloaded("too late");
        }
        events.end();
    }

    private void flood(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException {
        var events = exchange.eventStream();
        try {
            while (true) {
                events.send("flood", LARGE);
            }
        } catch (ClientGoneException gone) {
            writerEnded.complete(gone);
            throw gone;
        }
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void keepsTheConnectionForFurtherRequests() throws IOException {
        try (var client = new RawClient(server.port())) {
            for (var i = 0; i < 50; i++) {
                assertThat(client.post("/echo", "n" + i).answer().body()).isEqualTo("n" + i);
            }
        }
    }

    @Test
    void readsChunkedBodies() throws IOException {
        try (var client = new RawClient(server.port())) {
            client.send("POST /echo HTTP/1.1\nhost: localhost\ntransfer-encoding: chunked\n\n2\nab\n3\ncde\n0\n\n");

            assertThat(client.answer().body()).isEqualTo("abcde");
        }
    }

    @Test
    void asksForABodyThatWaitsForContinue() throws IOException {
        try (var client = new RawClient(server.port())) {
            client.send("POST /echo HTTP/1.1\nhost: localhost\ncontent-length: 2\nexpect: 100-continue\n\n");

            assertThat(client.answer().status()).isEqualTo(100);
            assertThat(client.send("ok").answer().body()).isEqualTo("ok");
        }
    }

    @Test
    void refusesBodiesThatAreTooLargeAndCloses() throws IOException {
        try (var client = new RawClient(server.port())) {
            client.send("POST /echo HTTP/1.1\nhost: localhost\ncontent-length: 1001\n\n" + "x".repeat(500));
            var answer = client.answer();

            assertThat(answer.status()).isEqualTo(413);
            assertThat(answer.body()).contains("\"request_too_large\"");
            assertThat(answer.headers()).containsEntry("connection", "close");
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void refusesChunkedBodiesThatBecomeTooLarge() throws IOException {
        try (var client = new RawClient(server.port())) {
            var chunk = "258\n" + "x".repeat(600) + "\n";
            client.send("POST /echo HTTP/1.1\nhost: localhost\ntransfer-encoding: chunked\n\n" + chunk + chunk);

            assertThat(client.answer().status()).isEqualTo(413);
            assertThat(client.isClosed()).isTrue();
        }
    }

    @Test
    void refusesMalformedRequestsInTheEnvelope() throws IOException {
        assertThat(statusOf("NONSENSE\n\n")).isEqualTo(400);
        assertThat(statusOf("GET /" + "x".repeat(600) + " HTTP/1.1\n\n")).isEqualTo(414);
        assertThat(statusOf("GET / HTTP/1.1\nx: " + "y".repeat(3000) + "\n\n")).isEqualTo(431);
        assertThat(statusOf("GET /%zz HTTP/1.1\nhost: localhost\n\n")).isEqualTo(400);
        assertThat(statusOf("POST /echo HTTP/1.1\nhost: localhost\ncontent-encoding: gzip\ncontent-length: 1\n\nx"))
                .isEqualTo(415);
        assertThat(statusOf("GET / HTTP/1.1\nhost: evil.example\n\n")).isEqualTo(403);
    }

    private int statusOf(String request) throws IOException {
        try (var client = new RawClient(server.port())) {
            var answer = client.send(request).answer();
            assertThat(answer.body())
                    .contains("\"type\":\"error\"")
                    .contains(answer.headers().get("request-id"));
            return answer.status();
        }
    }

    @Test
    void answersHeadAndOptionsWithoutABody() throws IOException {
        try (var client = new RawClient(server.port())) {
            assertThat(client.send("HEAD /echo HTTP/1.1\nhost: localhost\n\n")
                            .answer()
                            .status())
                    .isEqualTo(200);
            assertThat(client.send("OPTIONS /echo HTTP/1.1\nhost: localhost\n\n")
                            .answer()
                            .headers())
                    .containsEntry("allow", "HEAD, OPTIONS, POST")
                    .doesNotContainKey("access-control-allow-origin");
            assertThat(client.send("GET /echo HTTP/1.1\nhost: localhost\n\n")
                            .answer()
                            .status())
                    .isEqualTo(405);
        }
    }

    @Test
    void hidesInternalErrors() throws IOException {
        try (var client = new RawClient(server.port())) {
            var answer =
                    client.send("GET /broken HTTP/1.1\nhost: localhost\n\n").answer();

            assertThat(answer.status()).isEqualTo(500);
            assertThat(answer.body()).contains("api_error").doesNotContain("secret");
        }
    }

    @Test
    void endsHalfRequests() throws IOException {
        var dispatcher = new Dispatcher(new Guard(null, "127.0.0.1"), router);
        try (var impatient = Server.start("127.0.0.1", 0, dispatcher, limits(Duration.ofMillis(100)));
                var inTheBody = new RawClient(impatient.port());
                var inTheHead = new RawClient(impatient.port())) {
            inTheBody.send("POST /echo HTTP/1.1\nhost: localhost\ncontent-length: 10\n\nhalf");
            inTheHead.send("GET /ec");

            assertThat(inTheBody.answer().status()).isEqualTo(408);
            assertThat(inTheBody.isClosed()).isTrue();
            assertThat(inTheHead.answer().status()).isEqualTo(408);
        }
    }

    @Test
    void streamsEventsAndKeepsTheConnection() throws IOException {
        try (var client = new RawClient(server.port())) {
            var head = client.send("GET /stream HTTP/1.1\nhost: localhost\n\n").answer();
            assertThat(head.headers()).containsEntry("content-type", "text/event-stream; charset=utf-8");
            assertThat(List.of(client.line(), client.line(), client.line(), client.line(), client.line()))
                    .containsExactly("14", "event: one", "data: 1", "", "");
            assertThat(List.of(client.line(), client.line())).containsExactly("0", "");
            assertThat(client.post("/echo", "still here").answer().body()).isEqualTo("still here");
        }
    }

    @Test
    void anOldClientsStreamEndsWithTheConnection() throws IOException {
        try (var client = new RawClient(server.port())) {
            assertThat(client.send("GET /stream HTTP/1.0\n\n").rest()).endsWith("\r\n\r\nevent: one\ndata: 1\n\n");
        }
    }

    @Test
    void anErrorAfterTheFirstEventIsAnEvent() throws IOException {
        try (var client = new RawClient(server.port())) {
            assertThat(client.send("GET /stream?fail HTTP/1.0\n\n").rest())
                    .contains("event: one\n")
                    .contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"")
                    .endsWith("}\n\n");
        }
    }

    @Test
    void aClosedConnectionCancelsTheRequestAtOnce() throws IOException, InterruptedException {
        var client = new RawClient(server.port()).send("GET /wait HTTP/1.1\nhost: localhost\n\n");
        assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
        client.reset();

        assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void aClientThatDoesNotReadStopsTheWriterAndLosesItsConnection() throws Exception {
        try (var client = new RawClient(server.port())) {
            client.send("GET /flood HTTP/1.1\nhost: localhost\n\n");

            assertThat(writerEnded.get(10, TimeUnit.SECONDS)).hasMessageContaining("has read nothing");
        }
    }

    @Test
    void connectionsBeyondTheLimitAreClosed() throws IOException {
        var clients = new java.util.ArrayList<RawClient>();
        for (var i = 0; i < LIMITS.maxConnections(); i++) {
            clients.add(new RawClient(server.port()));
            assertThat(clients.getLast().post("/echo", "x").answer().status()).isEqualTo(200);
        }
        try (var oneTooMany = new RawClient(server.port())) {
            assertThat(oneTooMany.isClosed()).isTrue();
        }
        for (var client : clients) {
            client.close();
        }
    }

    @Test
    void closingEndsIdleConnectionsAndCancelsWhatTakesTooLong() throws Exception {
        try (var idle = new RawClient(server.port());
                var busy = new RawClient(server.port())) {
            idle.post("/echo", "x").answer();
            busy.send("GET /wait HTTP/1.1\nhost: localhost\n\n");
            assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
            server.close(Duration.ofMillis(100));

            assertThat(idle.isClosed()).isTrue();
            assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(server.connections()).isZero();
        }
    }

    @Test
    void aPortInUseIsOneClearSentence() {
        assertThatThrownBy(() -> Server.start(
                        "127.0.0.1", server.port(), new Dispatcher(new Guard(null, "127.0.0.1"), router), LIMITS))
                .isInstanceOf(ServerStartException.class)
                .hasMessageContaining("127.0.0.1:" + server.port())
                .hasMessageContaining("PORT");
    }
}
