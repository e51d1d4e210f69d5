package dev.jmlx.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.jinja.Goldens.Snippet;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Small cases of the language's semantics against Python's Jinja2.
class SnippetTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-07T09:05:03Z"), ZoneOffset.UTC);

    /// Left out on purpose: HTML and display filters, `lipsum` and bytes, which no chat template uses.
    private static final List<String> LEFT_OUT =
            List.of("xmlattr", "wordwrap", "filesizeformat", "pprint", "urlize", "|random", "lipsum", ".encode(");

    @Test
    void givesWhatTheReferenceGives() {
        check(Goldens.read("snippets.jsonl.gz", Snippet.class));
    }

    @Test
    void givesWhatTheReferenceGivesForGeneratedTemplates() {
        check(Goldens.readResource("generated.jsonl.gz", Snippet.class));
    }

    private static void check(List<Snippet> lines) {
        var context = Objects.requireNonNull(lines.getFirst().context());
        var snippets = lines.stream()
                .skip(1)
                .filter(snippet -> LEFT_OUT.stream().noneMatch(snippet.template()::contains))
                .toList();
        assertThat(snippets).hasSizeGreaterThan(400);
        assertThat(snippets.stream().map(snippet -> problem(snippet, context)).flatMap(Optional::stream))
                .isEmpty();
    }

    private static Optional<String> problem(Snippet snippet, Map<String, Object> context) {
        try {
            var output =
                    Template.compile(snippet.template(), CLOCK, Limits.DEFAULT).render(context);
            return output.equals(snippet.output()) ? Optional.empty() : Optional.of(snippet + "\nbut was " + output);
        } catch (TemplateException exception) {
            return snippet.error() != null ? Optional.empty() : Optional.of(snippet + "\nfailed with " + exception);
        }
    }
}
