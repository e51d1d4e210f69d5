package dev.jmlx.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.chat.OutputEvent.Text;
import dev.jmlx.chat.OutputEvent.ToolUse;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class HermesParserTest {
    private static final String BASH =
            "<tool_call>\n{\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}}\n</tool_call>";
    private static final ToolUse BASH_CALL = new ToolUse("Bash", "{\"command\":\"ls\"}");

    static Stream<Arguments> outputs() {
        return Stream.of(
                output("plain text", new Text("plain text")),
                output("", new OutputEvent[0]),
                output(BASH, BASH_CALL),
                output(BASH + "\n" + BASH, BASH_CALL, BASH_CALL),
                output("I look.\n\n" + BASH, new Text("I look."), BASH_CALL),
                output(BASH + "\nDone. ", BASH_CALL, new Text("Done. ")),
                output("a " + BASH + " b\n" + BASH + " \n", new Text("a"), BASH_CALL, new Text("b"), BASH_CALL),
                output(" \n text \n ", new Text(" \n text \n ")),
                output("<tool_call>{\"name\":\"now\",\"arguments\":{}}</tool_call>", new ToolUse("now", "{}")),
                output("<tool_call>{\"name\":\"now\"}</tool_call>", new ToolUse("now", "{}")),
                output(
                        "<tool_call>{\"arguments\":{\"a\":1},\"name\":\"f\"}</tool_call>",
                        new ToolUse("f", "{\"a\":1}")),
                output(
                        "<tool_call>{\"name\":\"f\",\"parameters\":{\"a\":1.50}}</tool_call>",
                        new ToolUse("f", "{\"a\":1.50}")),
                output(
                        "<tool_call>{\"name\":\"f\",\"arguments\":\"{\\\"a\\\": [1]}\"}</tool_call>",
                        new ToolUse("f", "{\"a\":[1]}")),
                output(
                        "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":\"</tool_call> <tool_call>\"}}</tool_call>",
                        new ToolUse("f", "{\"a\":\"</tool_call> <tool_call>\"}")),
                output("<tool_call>{\"name\":\"now\",\"arguments\":{}}", new ToolUse("now", "{}")),
                unchanged("<tool_call>{\"name\": \"Bash\", \"argu"),
                unchanged("text <tool_call>"),
                unchanged("text <tool_ca"),
                unchanged("a < b <tool> <tool_calls> </tool_call>"),
                unchanged("see\n<tool_call>not json</tool_call>\nend"),
                unchanged("<tool_call>{\"name\": 1, \"arguments\": {}}</tool_call>"),
                unchanged("<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>"),
                unchanged("<tool_call>{\"name\": \"f\", \"arguments\": \"words\"}</tool_call>"),
                unchanged("<tool_call>{\"name\": \"f\"} {\"name\": \"g\"}</tool_call>"),
                output(
                        "x <tool_call>{\"name\": \"f}</tool_call> " + BASH,
                        new Text("x <tool_call>{\"name\": \"f}</tool_call>"),
                        BASH_CALL),
                output("<tool_call>bad</tool_call>\n" + BASH, new Text("<tool_call>bad</tool_call>"), BASH_CALL));
    }

    private static Arguments output(String output, OutputEvent... events) {
        return Arguments.of(output, List.of(events));
    }

    private static Arguments unchanged(String output) {
        return output(output, new Text(output));
    }

    @ParameterizedTest
    @MethodSource("outputs")
    void readsWholeOutputs(String output, List<OutputEvent> events) {
        assertThat(parse(List.of(output))).isEqualTo(events);
    }

    @ParameterizedTest
    @MethodSource("outputs")
    void readsOneCharacterAtATime(String output, List<OutputEvent> events) {
        assertThat(parse(output.chars().mapToObj(Character::toString).toList())).isEqualTo(events);
    }

    @Property
    void piecesDoNotMatter(@ForAll("fragments") List<String> fragments) {
        var whole = String.join("", fragments);
        assertThat(parse(fragments)).isEqualTo(parse(List.of(whole)));
    }

    @Provide
    Arbitrary<List<String>> fragments() {
        return Arbitraries.of(
                        "<tool_call>",
                        "</tool_call>",
                        "<tool_",
                        "call>",
                        "</tool",
                        "_call>",
                        "{\"name\":",
                        "\"f\"",
                        ",\"arguments\":{\"a\":",
                        "1",
                        "}}",
                        "}",
                        "\"",
                        "\\",
                        " ",
                        "\n",
                        "text",
                        "<",
                        BASH)
                .list()
                .ofMaxSize(14);
    }

    /// Shows text as soon as it is certain.
    @Test
    void holdsBackOnlyWhatMayBeATag() {
        var parser = new HermesParser();
        assertThat(parser.push("Hello <tool")).containsExactly(new Text("Hello"));
        assertThat(parser.push("box>")).containsExactly(new Text(" <toolbox>"));
    }

    private static List<OutputEvent> parse(List<String> pieces) {
        var parser = new HermesParser();
        var events = new ArrayList<OutputEvent>();
        pieces.forEach(piece -> events.addAll(parser.push(piece)));
        events.addAll(parser.finish());
        return merged(events);
    }

    private static List<OutputEvent> merged(List<OutputEvent> events) {
        var result = new ArrayList<OutputEvent>();
        for (var event : events) {
            if (event instanceof Text(var more) && !result.isEmpty() && result.getLast() instanceof Text(var text)) {
                result.set(result.size() - 1, new Text(text + more));
            } else {
                result.add(event);
            }
        }
        return result;
    }
}
