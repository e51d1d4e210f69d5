package dev.jmlx.tests;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.EngineStatus;
import dev.jmlx.http.Dispatcher;
import dev.jmlx.http.Guard;
import dev.jmlx.http.Limits;
import dev.jmlx.http.Router;
import dev.jmlx.http.Server;
import dev.jmlx.http.messages.AnswerDefaults;
import dev.jmlx.http.messages.LoadedModel;
import dev.jmlx.http.messages.MessagesApi;
import dev.jmlx.http.messages.ModelCard;
import dev.jmlx.http.messages.RequestedSampling;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/// The server with the embedded model on a free port, wired as the command line does it.
record RunningServer(LoadedModel model, Server server) implements AutoCloseable {

    static RunningServer start(@Nullable String apiKey) {
        var model = LoadedModel.open(Fixtures.embeddedModel(), EngineOptions.defaults());
        var card = new ModelCard("claude-local", "smollm2", Instant.EPOCH);
        var api = new MessagesApi(model, card, new AnswerDefaults(64, RequestedSampling.SILENT), "test");
        var dispatcher = new Dispatcher(new Guard(apiKey, "127.0.0.1"), new Router(api.routes()));
        return new RunningServer(model, Server.start("127.0.0.1", 0, dispatcher, Limits.defaults()));
    }

    String url() {
        return "http://127.0.0.1:" + server.port();
    }

    /// The official client, without retries: they would hide errors.
    AnthropicClient client(String apiKey) {
        return AnthropicOkHttpClient.builder()
                .baseUrl(url())
                .apiKey(apiKey)
                .maxRetries(0)
                .timeout(Duration.ofMinutes(5))
                .build();
    }

    /// Waits until no request is computed or waiting any more; fails after a minute.
    void awaitIdle() {
        var deadline = System.nanoTime() + Duration.ofMinutes(1).toNanos();
        while (!model.status().equals(new EngineStatus(0, 0))) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still busy after a minute: " + model.status());
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        server.close();
        model.close();
    }
}
