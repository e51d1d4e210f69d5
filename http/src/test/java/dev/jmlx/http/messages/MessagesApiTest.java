package dev.jmlx.http.messages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.generate.FinishReason;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.Handler;
import dev.jmlx.http.HttpExchange;
import dev.jmlx.http.Request;
import dev.jmlx.http.sse.SseWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class MessagesApiTest {
    private static final AnswerDefaults DEFAULTS = new AnswerDefaults(10, new RequestedSampling(null, 0.5, null));
    private static final ModelCard CARD =
            new ModelCard("claude-x", "folder", Instant.parse("2026-01-02T03:04:05.678Z"));

    private final List<String> events = new ArrayList<>();
    private final ScriptedModel model = ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, "Hel", "lo");

    @Test
    void answersWithOneMessage() throws InterruptedException {
        var json = post("{'model':'any','messages':[{'role':'user','content':'hi'}]}");

        assertThat(json.path("id").stringValue()).startsWith("msg_");
        ((tools.jackson.databind.node.ObjectNode) json).remove("id");
        assertThat(json.toString().replace('"', '\''))
                .isEqualTo("{'type':'message','role':'assistant','model':'any',"
                        + "'content':[{'type':'text','text':'Hello'}],'stop_reason':'end_turn','stop_sequence':null,"
                        + "'usage':{'input_tokens':2,'cache_creation_input_tokens':0,'cache_read_input_tokens':0,"
                        + "'output_tokens':2}}");
    }

    @Test
    void namesEveryEventOfAStream() throws InterruptedException {
        post("{'model':'any','stream':true,'messages':[{'role':'user','content':'hi'}]}");

        assertThat(events)
                .containsExactly(
                        "message_start",
                        "content_block_start",
                        "ping",
                        "content_block_delta",
                        "content_block_delta",
                        "content_block_stop",
                        "message_delta",
                        "message_stop",
                        "end");
    }

    @Test
    void clampsMaxTokensToTheRoomThatIsLeft() throws InterruptedException {
        post("{'model':'m','max_tokens':128000,'messages':[{'role':'user','content':'hi'}]}");
        post("{'model':'m','messages':[{'role':'user','content':'hi'}]}");

        assertThat(model.askedTokens).containsExactly(98, 10);
    }

    @Test
    void samplingComesFromRequestThenConfigurationThenModel() throws InterruptedException {
        post("{'model':'m','temperature':0.25,'messages':[{'role':'user','content':'hi'}]}");
        post("{'model':'m','top_p':0,'top_k':7,'messages':[{'role':'user','content':'hi'}]}");

        var first = model.askedSampling.getFirst();
        assertThat(first.temperature()).isEqualTo(0.25f);
        assertThat(first.topP()).isEqualTo(0.5f);
        assertThat(first.topK()).isZero();
        var second = model.askedSampling.getLast();
        assertThat(second.temperature()).isEqualTo(0.6f);
        assertThat(second.topP()).isPositive().isLessThan(1e-30f);
        assertThat(second.topK()).isEqualTo(7);
    }

    @Test
    void saysHowMuchTooLongAPromptIs() {
        assertThatThrownBy(() -> post(withLength(150))).hasMessage("prompt is too long: 150 tokens > 100 maximum");
        assertThatThrownBy(() -> post(withLength(100))).hasMessage("prompt is too long: 100 tokens > 99 maximum");
    }

    private static String withLength(int tokens) {
        return "{'model':'m','messages':[{'role':'user','content':'" + "x".repeat(tokens) + "'}]}";
    }

    @Test
    void countsWhatTheMessageWouldReport() throws InterruptedException {
        var body = "{'model':'m','system':'S','messages':[{'role':'user','content':'hi'},"
                + "{'role':'assistant','content':'so'}]}";
        var counted = send(new CountTokensHandler(model), Request.of("POST", "/", Map.of(), bytes(body)), Map.of());

        assertThat(counted.path("input_tokens").intValue())
                .isEqualTo(post(body).path("usage").path("input_tokens").intValue())
                .isEqualTo(5);
    }

    @Test
    void listsTheModelInPages() throws InterruptedException {
        var models = new ModelsHandler(CARD, 100);

        var all = send(models::list, Request.of("GET", "/v1/models?limit=1000", Map.of(), new byte[0]), Map.of());
        assertThat(all.path("data").get(0).toString().replace('"', '\''))
                .isEqualTo("{'type':'model','id':'claude-x','display_name':'folder',"
                        + "'created_at':'2026-01-02T03:04:05Z','max_input_tokens':100,'max_tokens':100}");
        assertThat(all.path("has_more").booleanValue()).isFalse();
        assertThat(all.path("last_id").stringValue()).isEqualTo("folder");

        var first = send(models::list, Request.of("GET", "/v1/models?limit=1", Map.of(), new byte[0]), Map.of());
        assertThat(first.path("has_more").booleanValue()).isTrue();
        var second = send(
                models::list,
                Request.of("GET", "/v1/models?limit=1&after_id=claude-x", Map.of(), new byte[0]),
                Map.of());
        assertThat(second.path("first_id").stringValue()).isEqualTo("folder");
        assertThat(second.path("has_more").booleanValue()).isFalse();
        assertThatThrownBy(() ->
                        send(models::list, Request.of("GET", "/v1/models?limit=0", Map.of(), new byte[0]), Map.of()))
                .hasMessageStartingWith("limit:");
    }

    @Test
    void findsOneModelByEitherName() throws InterruptedException {
        var models = new ModelsHandler(CARD, 100);
        var request = Request.of("GET", "/", Map.of(), new byte[0]);

        assertThat(send(models::one, request, Map.of("id", "folder")).path("id").stringValue())
                .isEqualTo("folder");
        assertThatThrownBy(() -> send(models::one, request, Map.of("id", "gone")))
                .isInstanceOf(ApiException.class)
                .hasMessage("model: gone");
    }

    private JsonNode post(String body) throws InterruptedException {
        return send(new MessagesHandler(model, DEFAULTS), Request.of("POST", "/", Map.of(), bytes(body)), Map.of());
    }

    private static byte[] bytes(String body) {
        return body.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    }

    private JsonNode send(Handler handler, Request request, Map<String, String> parameters)
            throws InterruptedException {
        var exchange = new RecordingExchange(request, new ArrayList<>(List.of("{}")), events);
        handler.handle(exchange, parameters);
        return JsonBody.parse(exchange.bodies().getLast());
    }

    /// Keeps what a handler answers.
    private record RecordingExchange(Request request, List<String> bodies, List<String> events)
            implements HttpExchange, SseWriter {
        @Override
        public String requestId() {
            return "req_test";
        }

        @Override
        public void respond(int status, Map<String, String> headers, byte[] json) {
            bodies.add(new String(json, StandardCharsets.UTF_8));
        }

        @Override
        public SseWriter eventStream() {
            return this;
        }

        @Override
        public void onCancel(Runnable action) {}

        @Override
        public void fail(ApiException error) {
            throw error;
        }

        @Override
        public void send(String event, byte[] data) {
            assertThat(JsonBody.parse(new String(data, StandardCharsets.UTF_8))
                            .path("type")
                            .stringValue())
                    .isEqualTo(event);
            events.add(event);
        }

        @Override
        public void end() {
            events.add("end");
        }
    }
}
