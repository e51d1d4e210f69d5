package dev.jmlx.chat;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// The formats in which models write tool calls, recognised by the chat template.
///
/// A new format is one [OutputParser] class and one line in the list, before the entry that takes
/// everything: templates that show no format get [ToolPrompt]'s instructions, which ask for Hermes'.
public final class OutputParsers {
    private record Format(String name, Predicate<String> recognises, Supplier<OutputParser> parser) {}

    private static final List<Format> FORMATS = List.of(new Format("hermes", _ -> true, HermesParser::new));

    private OutputParsers() {}

    /// The format's name, for logs and `jmlx` commands.
    public static String formatName(String templateSource) {
        return format(templateSource).name();
    }

    /// Makes a parser for each generation of a model with that template.
    public static Supplier<OutputParser> forTemplate(String templateSource) {
        return format(templateSource).parser();
    }

    private static Format format(String templateSource) {
        return FORMATS.stream()
                .filter(format -> format.recognises().test(templateSource))
                .findFirst()
                .orElseThrow();
    }
}
