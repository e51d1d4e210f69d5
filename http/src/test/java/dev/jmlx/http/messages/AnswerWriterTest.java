package dev.jmlx.http.messages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.generate.FinishReason;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.ErrorType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AnswerWriterTest {
    private static final String CALL =
            "<tool_call>\n{\"name\": \"Read\", \"arguments\": {\"path\": \"a\"}}\n</tool_call>";
    private static final Duration NEVER = Duration.ofDays(1);

    @Test
    void textIsStreamedInTheApisOrder() throws InterruptedException {
        var events = write(ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, "Hel", "", "lo"), "", NEVER);

        assertThat(events)
                .containsExactly(
                        "message_start",
                        "content_block_start 0 text",
                        "ping",
                        "content_block_delta 0 Hel",
                        "content_block_delta 0 lo",
                        "content_block_stop 0",
                        "message_delta end_turn null 3",
                        "message_stop");
    }

    @Test
    void anAnswerWithoutTextHasOneEmptyBlock() throws InterruptedException {
        var events = write(ScriptedModel.saying(FinishReason.END_OF_SEQUENCE), "", NEVER);

        assertThat(events)
                .containsExactly(
                        "message_start",
                        "content_block_start 0 text",
                        "ping",
                        "content_block_stop 0",
                        "message_delta end_turn null 0",
                        "message_stop");
    }

    @Test
    void toolCallsBecomeBlocksOfTheirOwn() throws InterruptedException {
        var model = ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, "I read. ", CALL, "\n", CALL);
        var events = write(model, "", NEVER);

        assertThat(events)
                .containsSubsequence(
                        "content_block_delta 0 I read.",
                        "content_block_stop 0",
                        "content_block_start 1 tool_use Read {}",
                        "content_block_delta 1 {\"path\":\"a\"}",
                        "content_block_stop 1",
                        "content_block_start 2 tool_use Read {}",
                        "content_block_delta 2 {\"path\":\"a\"}",
                        "content_block_stop 2",
                        "message_delta tool_use null 4",
                        "message_stop")
                .filteredOn(event -> event.startsWith("content_block_start"))
                .hasSize(3);
    }

    @Test
    void aSingleCallEndsTheAnswerWhenParallelCallsAreDisabled() throws InterruptedException {
        var model = ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, CALL, CALL);
        var events = write(model, "'tool_choice':{'type':'auto','disable_parallel_tool_use':true},", NEVER);

        assertThat(events).contains("message_delta tool_use null 1").doesNotContain("content_block_stop 1");
    }

    @Test
    void stopsAtAStopSequenceSpanningTwoTokens() throws InterruptedException {
        var model = ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, "one E", "ND two", " three");
        var events = write(model, "'stop_sequences':['END'],", NEVER);

        assertThat(events)
                .containsSubsequence("content_block_delta 0 one", "message_delta stop_sequence END 2")
                .noneMatch(event -> event.contains("ND") && event.startsWith("content"));
    }

    @Test
    void namesTheReasonOfTheEnd() throws InterruptedException {
        var full = ScriptedModel.saying(FinishReason.CONTEXT_FULL, "a");
        var enough = ScriptedModel.saying(FinishReason.MAX_TOKENS, "a");

        assertThat(write(full, "", NEVER)).contains("message_delta model_context_window_exceeded null 1");
        assertThat(write(enough, "'max_tokens':1,", NEVER)).contains("message_delta max_tokens null 1");
        assertThat(write(enough, "'max_tokens':100000,", NEVER))
                .contains("message_delta model_context_window_exceeded null 1");
    }

    @Test
    void aSilentModelKeepsTheClientAwakeWithEmptyDeltas() throws InterruptedException {
        var model = ScriptedModel.of(
                null, null, new TextEvent.Piece("x"), new TextEvent.Ended(FinishReason.END_OF_SEQUENCE, ""));
        var events = write(model, "", Duration.ZERO);

        assertThat(events)
                .startsWith(
                        "message_start",
                        "content_block_start 0 text",
                        "ping",
                        "content_block_delta 0 ",
                        "content_block_delta 0 ",
                        "content_block_delta 0 x");
    }

    @Test
    void aFailingEngineIsAnApiError() {
        var failing = ScriptedModel.of(new TextEvent.Piece("x"), new TextEvent.Failed("out of memory"));

        assertThatThrownBy(() -> write(failing, "", NEVER))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.type()).isEqualTo(ErrorType.API))
                .hasMessage("out of memory");
    }

    @Test
    void idsAreNeverUsedTwice() throws InterruptedException {
        var model = ScriptedModel.saying(FinishReason.END_OF_SEQUENCE, CALL, CALL);
        var ids = new ArrayList<String>();
        EventSink sink = event -> {
            var json = StreamEventJson.of(event);
            var id = json.path("message").path("id").asString("")
                    + json.path("content_block").path("id").asString("");
            if (!id.isEmpty()) {
                ids.add(id);
            }
        };
        write(model, "", NEVER, sink);
        write(model, "", NEVER, sink);

        assertThat(ids).hasSize(6).doesNotHaveDuplicates();
    }

    private static List<String> write(ScriptedModel model, String fields, Duration keepAlive)
            throws InterruptedException {
        var events = new ArrayList<String>();
        write(model, fields, keepAlive, event -> events.add(describe(event)));
        return events;
    }

    private static void write(ScriptedModel model, String fields, Duration keepAlive, EventSink sink)
            throws InterruptedException {
        var body = "{'model':'m'," + fields + "'messages':[{'role':'user','content':'hi'}]}";
        var request = RequestReader.read(JsonBody.parse(body.replace('\'', '"')));
        var plan = AnswerPlan.of(request, model, new AnswerDefaults(10, RequestedSampling.SILENT));
        var text = model.generate(plan.prompt(), plan.maxTokens(), plan.sampling());
        new AnswerWriter(plan, text, model.outputParser(), sink, keepAlive).write();
    }

    /// The event's type and what matters of it, from its JSON.
    private static String describe(StreamEvent event) {
        var json = StreamEventJson.of(event);
        var type = json.path("type").stringValue();
        return switch (event) {
            case StreamEvent.BlockStart start -> {
                var block = json.path("content_block");
                var tool = block.has("name") ? " " + block.path("name").stringValue() + " " + block.path("input") : "";
                yield type + " " + start.index() + " " + block.path("type").stringValue() + tool;
            }
            case StreamEvent.BlockDelta delta -> {
                var content = json.path("delta");
                yield type + " " + delta.index() + " "
                        + content.path("text").asString("")
                        + content.path("partial_json").asString("");
            }
            case StreamEvent.BlockStop stop -> type + " " + stop.index();
            case StreamEvent.MessageDelta _ ->
                type + " " + json.path("delta").path("stop_reason").stringValue() + " "
                        + json.path("delta").path("stop_sequence").asString("null") + " "
                        + json.path("usage").path("output_tokens").intValue();
            case StreamEvent.MessageStart _, StreamEvent.Ping _, StreamEvent.MessageStop _ -> type;
        };
    }
}
