package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/// Many requests and many clients that vanish: nothing may be left behind, neither buffers nor slots nor threads.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ConnectionsTest {
    // A system prompt of one token instead of the template's long one keeps a thousand prompts affordable.
    private static final String MESSAGE =
            "\"model\":\"m\",\"system\":\"s\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

    private final ListAppender<ILoggingEvent> leaks = new ListAppender<>();
    private RunningServer server;

    @BeforeAll
    void start() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        leaks.start();
        ((Logger) LoggerFactory.getLogger(ResourceLeakDetector.class)).addAppender(leaks);
        server = RunningServer.start(null);
    }

    @AfterAll
    void stop() {
        server.close();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    }

    @Test
    void aThousandRequestsUseOneConnection() throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create(server.url() + "/v1/messages"))
                    .version(HttpClient.Version.HTTP_1_1)
                    .POST(HttpRequest.BodyPublishers.ofString("{\"max_tokens\":1," + MESSAGE))
                    .build();
            for (var i = 0; i < 1000; i++) {
                var answer = client.send(request, BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).contains("\"output_tokens\":1}");
                assertThat(server.server().connections()).isEqualTo(1);
            }
        }
        server.awaitIdle();
    }

    @Test
    void aHundredClientsThatVanishLeaveNothingBehind() throws IOException {
        for (var i = 0; i < 100; i++) {
            vanish(i % 3);
        }
        server.awaitIdle();
        awaitNoConnections();
        // Leaks are found when the collector has seen the lost buffer and another one is allocated.
        for (var i = 0; i < 5; i++) {
            System.gc();
            vanish(0);
        }
        server.awaitIdle();
        awaitNoConnections();

        assertThat(leaks.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .filteredOn(name -> name.startsWith("multiThreadIoEventLoopGroup"))
                .hasSizeLessThanOrEqualTo(4);
    }

    /// Disconnects while the prompt is computed, in the middle of the answer, or in the middle of the request.
    private void vanish(int when) throws IOException {
        var body = "{\"max_tokens\":500,\"stream\":true," + MESSAGE;
        try (var socket =
                new Socket(InetAddress.getLoopbackAddress(), server.server().port())) {
            socket.setSoTimeout(60_000);
            var sent = when == 2 ? body.substring(0, 20) : body;
            var head = "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: " + body.length() + "\r\n\r\n";
            socket.getOutputStream().write((head + sent).getBytes(StandardCharsets.UTF_8));
            if (when == 1) {
                readUntil(socket, "content_block_delta");
            }
            // Linger 0 makes the close a reset, as when a client is killed.
            socket.setSoLinger(true, 0);
        }
    }

    private static void readUntil(Socket socket, String text) throws IOException {
        var seen = new StringBuilder();
        while (seen.indexOf(text) < 0) {
            var next = socket.getInputStream().read();
            assertThat(next).as("the stream ended early").isNotNegative();
            seen.append((char) next);
        }
    }

    private void awaitNoConnections() {
        var deadline = System.nanoTime() + 30_000_000_000L;
        while (server.server().connections() > 0) {
            assertThat(System.nanoTime()).as("connections are left").isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
