package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;

import com.anthropic.client.AnthropicClient;
import com.anthropic.core.JsonValue;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.StopReason;
import dev.jmlx.chat.ChatMessage;
import dev.jmlx.chat.ChatTemplate;
import dev.jmlx.chat.Role;
import dev.jmlx.tests.SmolLm2GoldenTest.Conversation;
import dev.jmlx.tokenizer.TokenizerConfig;
import dev.jmlx.tokenizer.TokenizerJson;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every conversation of the embedded model's goldens, end to end: the official SDK gets the reference's greedy
/// text.
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SdkGoldenTest {
    private RunningServer server;
    private AnthropicClient client;

    @BeforeAll
    void start() {
        server = RunningServer.start("key");
        client = server.client("key");
    }

    @AfterAll
    void stop() {
        client.close();
        server.close();
    }

    static Stream<Conversation> conversations() {
        return SmolLm2GoldenTest.conversations();
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void promptIdsAreThoseOfTheReference(Conversation conversation) {
        var config = TokenizerConfig.load(Fixtures.embeddedModel());
        var template = ChatTemplate.compile(
                Objects.requireNonNull(config.chatTemplate()), config.bosToken(), config.eosToken(), Clock.systemUTC());
        var messages = new ArrayList<ChatMessage>();
        for (var message : conversation.json().get("messages")) {
            var role = Role.valueOf(message.get("role").asString().toUpperCase(Locale.ROOT));
            messages.add(ChatMessage.of(role, message.get("content").asString()));
        }
        var prompt = template.render(messages, List.of(), true, Map.of());
        assertThat(prompt).isEqualTo(conversation.json().get("prompt").asString());
        assertThat(TokenizerJson.load(Fixtures.embeddedModel()).encode(prompt))
                .containsExactly(conversation.ids("prompt_ids"));
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void sdkReturnsTheGreedyText(Conversation conversation) {
        var message = client.messages().create(request(conversation));
        verify(message, conversation);
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void sdkStreamsTheGreedyText(Conversation conversation) {
        var accumulator = MessageAccumulator.create();
        try (var stream = client.messages().createStreaming(request(conversation))) {
            stream.stream().forEach(accumulator::accumulate);
        }
        verify(accumulator.message(), conversation);
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void countedTokensAreThoseOfTheReference(Conversation conversation) {
        var request = request(conversation);
        var params = MessageCountTokensParams.builder().model("m").messages(request.messages());
        request.system().ifPresent(system -> params.system(system.asString()));
        assertThat(client.messages().countTokens(params.build()).inputTokens())
                .isEqualTo(conversation.ids("prompt_ids").length);
    }

    private static void verify(Message message, Conversation conversation) {
        var greedy = conversation.ids("greedy_ids");
        var text =
                message.content().stream().map(block -> block.asText().text()).reduce("", String::concat);
        assertThat(text).isEqualTo(conversation.json().get("greedy_text").asString());
        assertThat(message.usage().inputTokens()).isEqualTo(conversation.ids("prompt_ids").length);
        // The end-of-sequence id is not part of the answer.
        var ended = message.stopReason().orElseThrow().equals(StopReason.END_TURN);
        assertThat(message.usage().outputTokens()).isEqualTo(greedy.length - (ended ? 1 : 0));
    }

    private static MessageCreateParams request(Conversation conversation) {
        var params = MessageCreateParams.builder()
                .model("m")
                .putAdditionalBodyProperty("temperature", JsonValue.from(0))
                .maxTokens(conversation.ids("greedy_ids").length);
        for (var message : conversation.json().get("messages")) {
            var content = message.get("content").asString();
            switch (message.get("role").asString()) {
                case "system" -> params.system(content);
                case "user" -> params.addUserMessage(content);
                default -> params.addAssistantMessage(content);
            }
        }
        return params.build();
    }
}
