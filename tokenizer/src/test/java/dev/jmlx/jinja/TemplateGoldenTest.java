package dev.jmlx.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.jinja.Goldens.Conversation;
import dev.jmlx.jinja.Goldens.Golden;
import dev.jmlx.jinja.Goldens.Source;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/// Real chat templates against what Python's Jinja2 made of them, character by character.
class TemplateGoldenTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-07T09:05:03Z"), ZoneOffset.UTC);
    private static final String TAG = "CONTINUE_FINAL_MESSAGE_TAG ";
    private static final List<String> REASONING_KEYS = List.of("reasoning_content", "thinking", "reasoning");

    @TestFactory
    Stream<DynamicTest> rendersLikeTheReference() {
        var sources = Goldens.read("templates.jsonl.gz", Source.class).stream()
                .collect(Collectors.toMap(Source::id, Function.identity()));
        var conversations = Goldens.read("conversations.jsonl.gz", Conversation.class).stream()
                .collect(Collectors.toMap(Conversation::id, Function.identity()));
        var goldens = Goldens.read("goldens.jsonl.gz", Golden.class).stream()
                .collect(Collectors.groupingBy(Golden::template));
        assertThat(goldens.keySet()).isNotEmpty().isEqualTo(sources.keySet());
        return goldens.entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(
                        entry.getKey(),
                        () -> assertThat(problems(sources, conversations, entry.getValue()))
                                .isEmpty()));
    }

    private static List<String> problems(
            Map<String, Source> sources, Map<String, Conversation> conversations, List<Golden> goldens) {
        var source =
                Optional.ofNullable(sources.get(goldens.getFirst().template())).orElseThrow();
        var template = Template.compile(source.template(), CLOCK, Limits.DEFAULT);
        return goldens.stream()
                .map(golden -> problem(
                        template,
                        source,
                        Optional.ofNullable(conversations.get(golden.conv())).orElseThrow(),
                        golden))
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<String> problem(
            Template template, Source source, Conversation conversation, Golden golden) {
        try {
            var output = render(template, source, conversation);
            return output.equals(golden.output()) ? Optional.empty() : Optional.of(golden + "\nbut was " + output);
        } catch (TemplateException exception) {
            var error = golden.error();
            var isExpected = error != null
                    && (!error.type().equals("TemplateError") || error.message().equals(exception.getMessage()));
            return isExpected ? Optional.empty() : Optional.of(golden + "\nfailed with " + exception);
        }
    }

    private static String render(Template template, Source source, Conversation conversation) {
        var messages = messages(conversation);
        var context = new LinkedHashMap<String, @Nullable Object>(conversation.kwargs());
        context.put("messages", messages);
        context.put("tools", conversation.tools());
        context.put("documents", conversation.documents());
        context.put("add_generation_prompt", conversation.addGenerationPrompt());
        context.put("bos_token", source.bosToken());
        context.put("eos_token", source.eosToken());
        if (!conversation.continueFinalMessage()) {
            return template.render(context);
        }
        var prefill = (String) messages.getLast().getOrDefault("content", "");
        messages.getLast().put("content", prefill + TAG);
        return cut(template.render(context), prefill);
    }

    /// What transformers does to messages before it renders them.
    private static List<Map<String, @Nullable Object>> messages(Conversation conversation) {
        var result = new ArrayList<Map<String, @Nullable Object>>();
        for (var message : conversation.messages()) {
            var copy = new LinkedHashMap<String, @Nullable Object>();
            var reasoning = REASONING_KEYS.stream()
                    .filter(key -> message.get(key) != null)
                    .findFirst();
            reasoning.ifPresent(key -> copy.put("thinking", message.get(key)));
            copy.putAll(message);
            reasoning.ifPresent(key -> copy.put("reasoning_content", message.get(key)));
            result.add(copy);
        }
        return result;
    }

    private static String cut(String output, String prefill) {
        if (!output.contains(prefill.strip()) || !output.contains(TAG.strip())) {
            throw new TemplateException("continue_final_message is set but the final message does not appear");
        }
        var at = output.lastIndexOf(TAG.strip());
        return output.startsWith(TAG, at)
                ? output.substring(0, at)
                : output.substring(0, at).stripTrailing();
    }
}
