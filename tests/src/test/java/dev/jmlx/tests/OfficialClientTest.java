package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.core.JsonValue;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.StopReason;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/// The server against the official Java SDK.
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OfficialClientTest {
    private static final String KEY = "a key";
    private static final String ANSWER = "The capital of France is Paris.";

    private RunningServer server;
    private AnthropicClient client;

    @BeforeAll
    void start() {
        server = RunningServer.start(KEY);
        client = server.client(KEY);
    }

    @AfterAll
    void stop() {
        client.close();
        server.close();
    }

    @Test
    void answersWithAMessage() {
        var message = client.messages().create(capital().build());

        message.validate();
        assertThat(textOf(message)).isEqualTo(ANSWER);
        assertThat(message.stopReason()).contains(StopReason.END_TURN);
        assertThat(message.model().asString()).isEqualTo("any-model");
        assertThat(message.usage().outputTokens()).isEqualTo(7);
    }

    @Test
    void streamsTheSameMessage() {
        var accumulator = MessageAccumulator.create();
        var events = new AtomicInteger();
        try (var stream = client.messages().createStreaming(capital().build())) {
            stream.stream().forEach(event -> {
                event.validate();
                events.incrementAndGet();
                accumulator.accumulate(event);
            });
        }

        var message = accumulator.message();
        assertThat(textOf(message)).isEqualTo(ANSWER);
        assertThat(message.stopReason()).contains(StopReason.END_TURN);
        assertThat(message.usage().outputTokens()).isEqualTo(7);
        assertThat(events.get()).isGreaterThanOrEqualTo(4 + 7);
    }

    @Test
    void fourClientsAtOnceGetTheSameAnswer() throws Exception {
        Callable<String> ask = () -> textOf(client.messages().create(capital().build()));
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var answer : executor.invokeAll(List.of(ask, ask, ask, ask))) {
                assertThat(answer.get()).isEqualTo(ANSWER);
            }
        }
    }

    @Test
    void stopsAtMaxTokensAndAtStopSequences() {
        var cut = client.messages().create(capital().maxTokens(3).build());
        assertThat(cut.stopReason()).contains(StopReason.MAX_TOKENS);
        assertThat(cut.usage().outputTokens()).isEqualTo(3);

        var stopped =
                client.messages().create(capital().addStopSequence("of Fr").build());
        assertThat(stopped.stopReason()).contains(StopReason.STOP_SEQUENCE);
        assertThat(stopped.stopSequence()).contains("of Fr");
        assertThat(textOf(stopped)).isEqualTo("The capital ");
    }

    @Test
    void continuesABegunAnswer() {
        var message = client.messages()
                .create(capital()
                        .addAssistantMessage("The capital of France is")
                        .build());

        assertThat(textOf(message)).isEqualTo(" Paris.");
    }

    @Test
    void countsTheTokensThatAMessageUses() {
        var counted = client.messages()
                .countTokens(MessageCountTokensParams.builder()
                        .model("any-model")
                        .addUserMessage("What is the capital of France?")
                        .build());

        assertThat(counted.inputTokens())
                .isEqualTo(client.messages()
                        .create(capital().maxTokens(1).build())
                        .usage()
                        .inputTokens());
    }

    @Test
    void listsModels() {
        assertThat(client.models().list().data())
                .extracting(model -> model.id())
                .containsExactly("claude-local", "smollm2");
        assertThat(client.models().retrieve("claude-local").displayName()).isEqualTo("smollm2");
        assertThatThrownBy(() -> client.models().retrieve("gone")).isInstanceOf(NotFoundException.class);
    }

    @Test
    void errorsArriveAsTheClientsExceptions() {
        assertThatThrownBy(() -> client.messages().create(capital().maxTokens(0).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("max_tokens: Input should be greater than or equal to 1");
        assertThatThrownBy(() -> client.messages()
                        .create(capital().addUserMessage("x ".repeat(9000)).build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("prompt is too long: ")
                .hasMessageContaining("> 8192 maximum");
        var stranger = server.client("another key");
        assertThatThrownBy(() -> stranger.messages().create(capital().build()))
                .isInstanceOf(UnauthorizedException.class);
        stranger.close();
    }

    private static MessageCreateParams.Builder capital() {
        return MessageCreateParams.builder()
                .model("any-model")
                .maxTokens(20)
                .putAdditionalBodyProperty("temperature", JsonValue.from(0))
                .addUserMessage("What is the capital of France?");
    }

    private static String textOf(Message message) {
        assertThat(message.content()).hasSize(1);
        return message.content().getFirst().asText().text();
    }
}
