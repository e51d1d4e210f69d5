package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class PipeliningTest {
    private final CountDownLatch cancelled = new CountDownLatch(1);
    private final CountDownLatch waiting = new CountDownLatch(1);
    private final Router router = new Router(List.of(
            Route.of(
                    "POST",
                    "/echo",
                    (exchange, _) ->
                            exchange.respond(200, Map.of(), exchange.request().body())),
            Route.of("GET", "/wait", this::waitForCancel)));
    private final Server server =
            Server.start("127.0.0.1", 0, new Dispatcher(new Guard(null, "127.0.0.1"), router), Limits.defaults());

    private void waitForCancel(HttpExchange exchange, Map<String, String> parameters) throws InterruptedException {
        exchange.onCancel(cancelled::countDown);
        waiting.countDown();
        cancelled.await();
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void answersPipelinedRequestsInTheirOrder() throws IOException {
        try (var client = new RawClient(server.port())) {
            client.post("/echo", "one")
                    .post("/echo", "two")
                    .post("/nothing", "")
                    .post("/echo", "four");

            assertThat(client.answer().body()).isEqualTo("one");
            assertThat(client.answer().body()).isEqualTo("two");
            assertThat(client.answer().status()).isEqualTo(404);
            assertThat(client.answer().body()).isEqualTo("four");
        }
    }

    @Test
    void answersMorePipelinedRequestsThanItKeepsWaiting() throws IOException {
        try (var client = new RawClient(server.port())) {
            for (var i = 0; i < 100; i++) {
                client.post("/echo", "n" + i);
            }
            for (var i = 0; i < 100; i++) {
                assertThat(client.answer().body()).isEqualTo("n" + i);
            }
        }
    }

    @Test
    void aClientThatHasPipelinedARequestAndLeavesCancelsTheRunningOne() throws IOException, InterruptedException {
        var request = "GET /wait HTTP/1.1\nhost: localhost\n\n";
        var client = new RawClient(server.port()).send(request + request);
        assertThat(waiting.await(10, TimeUnit.SECONDS)).isTrue();
        client.reset();

        assertThat(cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }
}
