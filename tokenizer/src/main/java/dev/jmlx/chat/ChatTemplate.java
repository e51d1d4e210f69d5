package dev.jmlx.chat;

import dev.jmlx.jinja.Limits;
import dev.jmlx.jinja.Template;
import dev.jmlx.jinja.TemplateException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A model's chat template: turns a conversation into the prompt text that the model was trained on.
///
/// Compiled once when the model is loaded; rendered by every request, from any thread. When it is
/// compiled it renders a few tiny conversations to learn what the template supports ([TemplateProbe]);
/// later, messages that it does not support are folded into ones that it does ([MessageFolding]), and
/// tools are explained in plain text where it knows none ([ToolPrompt]). Argument, schema and extra
/// values are JSON values: strings, numbers, booleans, null, lists and maps of these. Errors are
/// [TemplateException]s.
public final class ChatTemplate {
    private static final String CONTINUE_TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

    private final Template template;
    private final @Nullable String bosToken;
    private final @Nullable String eosToken;
    private final boolean noToolsIsNone;
    private final TemplateTraits traits;
    private final UserText userText;

    private ChatTemplate(
            Template template, @Nullable String bosToken, @Nullable String eosToken, boolean noToolsIsNone) {
        this.template = template;
        this.bosToken = bosToken;
        this.eosToken = eosToken;
        this.noToolsIsNone = noToolsIsNone;
        this.userText = UserText.AS_IT_IS;
        this.traits = TemplateProbe.probe(
                (messages, tools) -> renderAsIs(messages, tools, true, Map.of()), template.reads("tools"));
    }

    private ChatTemplate(ChatTemplate other, UserText userText) {
        this.template = other.template;
        this.bosToken = other.bosToken;
        this.eosToken = other.eosToken;
        this.noToolsIsNone = other.noToolsIsNone;
        this.traits = other.traits;
        this.userText = userText;
    }

    /// The same template, which applies `change` to every text that comes with a request and not from the
    /// template, and `changeOfAnswers` to what an assistant said: what keeps control tokens in them from being
    /// control tokens (`Tokenizer.plainText`).
    public ChatTemplate changingTexts(UnaryOperator<String> change, UnaryOperator<String> changeOfAnswers) {
        return new ChatTemplate(this, new UserText(change, changeOfAnswers));
    }

    /// Fails where `source` is no template, or one that cannot render a single user message. A token
    /// that the model lacks is null.
    public static ChatTemplate compile(
            String source, @Nullable String bosToken, @Nullable String eosToken, Clock clock) {
        var template = Template.compile(source, clock, Limits.DEFAULT);
        var result = new ChatTemplate(template, bosToken, eosToken, true);
        try {
            result.renderHello();
            return result;
        } catch (TemplateException exception) {
            // Some templates walk the tools without asking whether there are any: those need an empty list.
            var other = new ChatTemplate(template, bosToken, eosToken, false);
            try {
                other.renderHello();
                return other;
            } catch (TemplateException _) {
                throw new TemplateException(
                        "the chat template cannot render one user message: " + exception.getMessage(), exception);
            }
        }
    }

    private void renderHello() {
        var hello = List.of(ChatMessage.of(Role.USER, "hello"));
        renderAsIs(hello, List.of(), true, Map.of());
        renderAsIs(hello, List.of(), false, Map.of());
    }

    /// Whether the template itself renders tools, calls and results; else they are told in plain text.
    public boolean knowsTools() {
        return traits.nativeTools();
    }

    /// The prompt. `addGenerationPrompt` ends it where the assistant's answer begins; `extra` holds
    /// further variables of the template, such as `enable_thinking`.
    public String render(
            List<ChatMessage> messages,
            List<ToolSpec> tools,
            boolean addGenerationPrompt,
            Map<String, ? extends @Nullable Object> extra) {
        var plain = traits.nativeTools() ? messages : ToolPrompt.apply(messages, tools);
        var folded = MessageFolding.fold(plain, traits);
        return renderAsIs(folded, traits.nativeTools() ? tools : List.of(), addGenerationPrompt, extra);
    }

    /// The prompt up to the end of the last message's text, which the model is to continue: that
    /// message must be an assistant message without calls.
    public String renderContinuation(
            List<ChatMessage> messages, List<ToolSpec> tools, Map<String, ? extends @Nullable Object> extra) {
        var last = messages.getLast();
        if (last.role() != Role.ASSISTANT || !last.toolCalls().isEmpty()) {
            throw new TemplateException("only an assistant message without tool calls can be continued");
        }
        var tagged = new ArrayList<>(messages.subList(0, messages.size() - 1));
        tagged.add(ChatMessage.of(Role.ASSISTANT, last.content() + CONTINUE_TAG));
        var prompt = render(tagged, tools, false, extra);
        var at = prompt.lastIndexOf(CONTINUE_TAG.strip());
        if (at < 0) {
            throw new TemplateException("the chat template drops the assistant message that is to be continued");
        }
        // Templates that trim contents would have trimmed the prefix too.
        return prompt.startsWith(CONTINUE_TAG, at)
                ? prompt.substring(0, at)
                : prompt.substring(0, at).stripTrailing();
    }

    /// What the template was found to support.
    TemplateTraits traits() {
        return traits;
    }

    private String renderAsIs(
            List<ChatMessage> messages,
            List<ToolSpec> tools,
            boolean addGenerationPrompt,
            Map<String, ? extends @Nullable Object> extra) {
        var context = new LinkedHashMap<String, @Nullable Object>();
        if (bosToken != null) {
            context.put("bos_token", bosToken);
        }
        if (eosToken != null) {
            context.put("eos_token", eosToken);
        }
        context.putAll(extra);
        context.put(
                "messages",
                messages.stream()
                        .map(userText::message)
                        .map(TemplateValues::message)
                        .toList());
        var changed = tools.stream().map(userText::tool).toList();
        context.put("tools", tools.isEmpty() && noToolsIsNone ? null : TemplateValues.tools(changed));
        context.put("documents", null);
        context.put("add_generation_prompt", addGenerationPrompt);
        return template.render(context);
    }
}
