package dev.jmlx.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.jmlx.jinja.Goldens.Source;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/// Damaged templates, made of pieces of real ones: each is refused or renders something, soon, and within its limits.
class TemplateFuzzTest {
    private static final List<String> SOURCES = Goldens.read("templates.jsonl.gz", Source.class).stream()
            .map(Source::template)
            .toList();
    private static final Limits LIMITS = new Limits(200_000, 1_000_000, 60);
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final Map<String, Object> CONTEXT = Map.of(
            "messages",
            List.of(
                    Map.of("role", "system", "content", "You help."),
                    Map.of("role", "user", "content", "hello"),
                    Map.of("role", "assistant", "content", "", "tool_calls", List.of(call())),
                    Map.of("role", "tool", "content", "sunny", "tool_call_id", "call00001")),
            "tools",
            List.of(Map.of("type", "function", "function", Map.of("name", "weather", "parameters", Map.of()))),
            "bos_token",
            "<s>",
            "eos_token",
            "</s>",
            "add_generation_prompt",
            true);

    /// What templates are made of, and what makes them large.
    private static final List<String> PIECES = List.of(
            "{%",
            "%}",
            "{{",
            "}}",
            "{#",
            "{% for x in range(1000) %}",
            "{% endfor %}",
            "{% if",
            "{% endif %}",
            "{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m(1) }}",
            "{% set messages = messages + messages %}",
            "{{ messages|tojson * 1000 }}",
            "(((",
            "[[[",
            "'",
            "\"",
            "|",
            "~",
            "not ",
            " is defined",
            ".items()",
            "[::-1]",
            "\u0000",
            "\ud800",
            "-%}",
            "{%- ");

    private static Map<String, Object> call() {
        return Map.of("id", "call00001", "function", Map.of("name", "weather", "arguments", Map.of("city", "Paris")));
    }

    @Property(tries = 2000)
    void damagedTemplatesAreRefusedOrRender(@ForAll long seed) {
        var random = new Random(seed);
        var source = new StringBuilder(any(SOURCES, random));
        for (var i = 0; i <= random.nextInt(6); i++) {
            damage(source, random);
        }
        assertTimeoutPreemptively(LIMIT, () -> check(source.toString()));
    }

    private static void damage(StringBuilder source, Random random) {
        var from = random.nextInt(source.length() + 1);
        var to = Math.min(source.length(), from + random.nextInt(200));
        var piece = source.substring(from, to);
        switch (random.nextInt(5)) {
            case 0 -> source.delete(from, to);
            case 1 -> source.insert(from, any(PIECES, random));
            case 2 -> source.insert(random.nextInt(source.length() + 1), piece);
            case 3 -> source.replace(from, Math.min(source.length(), from + 1), any(PIECES, random));
            default -> {
                var other = any(SOURCES, random);
                var at = random.nextInt(other.length());
                source.insert(from, other, at, Math.min(other.length(), at + random.nextInt(400)));
            }
        }
    }

    private static <T> T any(List<T> list, Random random) {
        return list.get(random.nextInt(list.size()));
    }

    private static void check(String source) {
        try {
            var text = Template.compile(source, Clock.systemUTC(), LIMITS).render(CONTEXT);
            assertThat(text).hasSizeLessThanOrEqualTo(LIMITS.maxChars());
        } catch (TemplateException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }
}
