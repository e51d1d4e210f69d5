package dev.jmlx.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.jmlx.jinja.Goldens;
import dev.jmlx.jinja.Goldens.Source;
import dev.jmlx.jinja.TemplateException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChatTemplateTest {
    static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-07T09:05:03Z"), ZoneOffset.UTC);
    private static final ToolSpec LIST = new ToolSpec(
            "list",
            "Lists files",
            Map.of("type", "object", "properties", Map.of("path", Map.of("type", "string", "description", "where"))));
    private static final ChatMessage USER = ChatMessage.of(Role.USER, "Hi");
    private static final ChatMessage REMINDER = ChatMessage.of(Role.SYSTEM, "Be brief.");

    static ChatTemplate template(String id) {
        var source = Goldens.read("templates.jsonl.gz", Source.class).stream()
                .filter(template -> template.id().equals(id))
                .findFirst()
                .orElseThrow();
        return ChatTemplate.compile(source.template(), source.bosToken(), source.eosToken(), CLOCK);
    }

    private static String render(ChatTemplate template, ChatMessage... messages) {
        return template.render(List.of(messages), List.of(), true, Map.of());
    }

    private static ChatMessage call(String... ids) {
        var calls = List.of(ids).stream()
                .map(id -> new ToolCall(id, "list", Map.of("path", "/" + id)))
                .toList();
        return new ChatMessage(Role.ASSISTANT, "I look.", calls, null, null);
    }

    private static ChatMessage result(String id, String content) {
        return new ChatMessage(Role.TOOL, content, List.of(), id, "list");
    }

    @Test
    void keepsASystemMessageInPlaceWhereTheTemplateAllowsIt() {
        assertThat(render(template("llamacpp/Qwen-Qwen3-0.6B"), USER, REMINDER, ChatMessage.of(Role.ASSISTANT, "Yes")))
                .startsWith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>system\nBe brief.<|im_end|>\n");
    }

    @Test
    void foldsASystemMessageIntoTheUserMessageBeforeIt() {
        var template = template("llamacpp/Qwen3.5-4B");
        assertThat(template.traits().systemAnywhere()).isFalse();
        assertThat(render(template, USER, REMINDER))
                .startsWith("<|im_start|>user\nHi\n\n<system-reminder>\nBe brief.\n</system-reminder><|im_end|>\n");
    }

    @Test
    void foldsASystemMessageAfterTheAssistantIntoTheNextUserMessage() {
        var template = template("llamacpp/Qwen3.5-4B");
        assertThat(render(template, USER, ChatMessage.of(Role.ASSISTANT, "Yes"), REMINDER, USER))
                .contains("user\n<system-reminder>\nBe brief.\n</system-reminder>\n\nHi<|im_end|>");
    }

    @Test
    void joinsMessagesOfOneRoleWhereRolesMustAlternate() {
        assertThat(render(template("llamacpp/mistralai-Mistral-Nemo-Instruct-2407"), USER, USER))
                .isEqualTo("<s>[INST]Hi\n\nHi[/INST]");
    }

    @Test
    void joinsUserTextToTheToolResultWhereRolesMustAlternate() {
        var template = template("llamacpp/mistralai-Mistral-Nemo-Instruct-2407");
        var prompt = template.render(
                List.of(USER, call("123456789"), result("123456789", "a.txt"), USER), List.of(LIST), true, Map.of());
        assertThat(prompt)
                .endsWith("[TOOL_RESULTS]{\"content\": a.txt\n\nHi, \"call_id\": \"123456789\"}[/TOOL_RESULTS]");
    }

    @Test
    void shortensCallIdsWhereTheTemplateWantsNineLetters() {
        var template = template("llamacpp/mistralai-Mistral-Nemo-Instruct-2407");
        var prompt = template.render(
                List.of(USER, call("toolu_01"), result("toolu_01", "a.txt")), List.of(LIST), true, Map.of());
        assertThat(prompt).containsPattern("\"id\": \"([0-9a-f]{9})\"}](?s:.*)\"call_id\": \"\\1\"");
    }

    @Test
    void splitsParallelCallsWhereTheTemplateRendersOneCallAMessage() {
        var prompt = template("llamacpp/openai-gpt-oss-120b")
                .render(
                        List.of(USER, call("a", "b"), result("b", "second"), result("a", "first")),
                        List.of(LIST),
                        true,
                        Map.of());
        assertThat(prompt).containsSubsequence("{\"path\": \"/a\"}", "first", "{\"path\": \"/b\"}", "second");
    }

    @Test
    void saysWhetherTheTemplateKnowsTools() {
        assertThat(template("llamacpp/Qwen-Qwen3-0.6B").knowsTools()).isTrue();
        assertThat(template("gguf/SmolLM2-135M-Instruct.Q4_1").knowsTools()).isFalse();
    }

    @Test
    void explainsToolsInPlainTextWhereTheTemplateKnowsNone() {
        var prompt = template("gguf/SmolLM2-135M-Instruct.Q4_1")
                .render(
                        List.of(
                                ChatMessage.of(Role.SYSTEM, "You help."),
                                USER,
                                call("a", "b"),
                                result("a", "first"),
                                result("b", "second"),
                                USER),
                        List.of(LIST),
                        true,
                        Map.of());
        assertThat(prompt)
                .startsWith("<|im_start|>system\nYou help.\n\n# Tools\n")
                .contains("<tools>\n{\"type\": \"function\", \"function\": {\"name\": \"list\", \"description\": ")
                .endsWith("""
                        <|im_start|>user
                        Hi<|im_end|>
                        <|im_start|>assistant
                        I look.
                        <tool_call>
                        {"name": "list", "arguments": {"path": "/a"}}
                        </tool_call>
                        <tool_call>
                        {"name": "list", "arguments": {"path": "/b"}}
                        </tool_call><|im_end|>
                        <|im_start|>user
                        <tool_response>
                        first
                        </tool_response>
                        <tool_response>
                        second
                        </tool_response><|im_end|>
                        <|im_start|>user
                        Hi<|im_end|>
                        <|im_start|>assistant
                        """);
    }

    @Test
    void theToolPromptIsReadBackByTheParserOfItsTemplate() {
        var source = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";
        var prompt = ChatTemplate.compile(source, null, null, CLOCK)
                .render(List.of(USER, call("a")), List.of(LIST), false, Map.of());
        var answer = prompt.substring(prompt.indexOf("assistant: ") + "assistant: ".length());
        var parser = OutputParsers.forTemplate(source).get();
        assertThat(parser.push(answer))
                .containsExactly(new OutputEvent.Text("I look."), new OutputEvent.ToolUse("list", "{\"path\":\"/a\"}"));
    }

    @Test
    void endsWhereAPrefilledAnswerGoesOn() {
        var prompt = template("gguf/SmolLM2-135M-Instruct.Q4_1")
                .renderContinuation(List.of(USER, ChatMessage.of(Role.ASSISTANT, "Sure, ")), List.of(), Map.of());
        assertThat(prompt).endsWith("<|im_start|>assistant\nSure, ");
    }

    @Test
    void refusesATemplateThatCannotRenderAMessage() {
        assertThatExceptionOfType(TemplateException.class)
                .isThrownBy(() -> ChatTemplate.compile("{{ raise_exception('never') }}", null, null, CLOCK))
                .withMessage("the chat template cannot render one user message: never");
    }

    @Test
    void givesAnEmptyToolListToTemplatesThatNeedOne() {
        var template = ChatTemplate.compile(
                "{% for t in tools %}{{ t }}{% endfor %}{{ messages[0].content }}", null, null, CLOCK);
        assertThat(render(template, USER)).isEqualTo("Hi");
    }

    @Test
    void leavesTokensThatTheModelLacksUndefined() {
        var template = ChatTemplate.compile(
                "{% if bos_token is defined %}{{ bos_token }}{% endif %}{{ eos_token }}{{ messages[0].content }}",
                null, "</s>", CLOCK);
        assertThat(render(template, USER)).isEqualTo("</s>Hi");
    }
}
