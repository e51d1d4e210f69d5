package dev.jmlx.cli;

import dev.jmlx.chat.ChatTemplate;
import dev.jmlx.chat.OutputParsers;
import dev.jmlx.engine.generate.ModelSummary;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.jinja.TemplateException;
import dev.jmlx.tokenizer.TokenizerConfig;
import dev.jmlx.tokenizer.TokenizerJson;
import dev.jmlx.tokenizer.TokenizerLoadException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jmlx inspect`: what a model is, what memory it takes, and what of it cannot be used.
@Command(
        name = "inspect",
        description = "Say what a model is, what memory it takes, and what of it cannot be used.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class InspectCommand implements Callable<Integer> {
    private static final int[] CONTEXTS = {8_192, 32_768, 131_072};

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "MODEL", description = "A folder, the name of one under models/, or a downloaded model.")
    private String name = "";

    private boolean isUsable = true;

    /// The model's, or 0 where it cannot be read.
    private int vocabSize;

    @Override
    public Integer call() {
        var workingFolder = Path.of("").toAbsolutePath();
        var config = ServerConfig.read(workingFolder, System.getenv());
        var out = spec.commandLine().getOut();
        var folder = ModelResolver.of(config).findHere(name);
        attempt(out, () -> model(out, ModelSummary.of(folder), config));
        attempt(out, () -> tokenizer(out, TokenizerJson.load(folder).size()));
        attempt(out, () -> template(out, TokenizerConfig.load(folder)));
        if (isUsable) {
            line(out, "unsupported", "nothing");
        }
        out.flush();
        return isUsable ? 0 : 1;
    }

    /// Each part says by itself what is wrong with it.
    private void attempt(PrintWriter out, Runnable part) {
        try {
            part.run();
        } catch (ModelLoadException | TokenizerLoadException | TemplateException e) {
            isUsable = false;
            line(out, "unsupported", String.valueOf(e.getMessage()));
        }
    }

    private void tokenizer(PrintWriter out, int size) {
        line(out, "tokenizer", String.format(Locale.ROOT, "%,d tokens", size));
        if (vocabSize > 0 && size > vocabSize) {
            throw new ModelLoadException(String.format(
                    Locale.ROOT, "the tokenizer has %,d tokens, but the model knows only %,d", size, vocabSize));
        }
    }

    private void model(PrintWriter out, ModelSummary model, ServerConfig config) {
        vocabSize = model.vocabSize();
        var cache = config.engine().cacheType();
        line(out, "architecture", model.modelType());
        line(out, "parameters", String.format(Locale.ROOT, "%,.1f million", model.parameters() / 1e6));
        line(
                out,
                "weights",
                String.format(
                        Locale.ROOT,
                        "%,.1f MB, %.2f bits per weight",
                        model.weightBytes() / 1e6,
                        model.bitsPerWeight()));
        line(out, "context", String.format(Locale.ROOT, "%,d tokens", model.contextLength()));
        var memory = IntStream.of(CONTEXTS)
                .map(tokens -> Math.min(tokens, model.contextLength()))
                .distinct()
                .mapToObj(tokens -> String.format(
                        Locale.ROOT,
                        "%.2f GB with %dk tokens",
                        model.memory(tokens, cache) / 1e9,
                        Math.ceilDiv(tokens, 1024)))
                .collect(Collectors.joining(", "));
        line(out, "memory", memory + " (cache in " + cache.name().toLowerCase(Locale.ROOT) + ")");
    }

    private static void template(PrintWriter out, TokenizerConfig config) {
        var source = config.chatTemplate();
        if (source == null) {
            throw new TemplateException(
                    "there is no chat_template in tokenizer_config.json and no chat_template.jinja");
        }
        var template = ChatTemplate.compile(source, config.bosToken(), config.eosToken(), Clock.systemUTC());
        line(out, "template", template.knowsTools() ? "describes tools itself" : "knows no tools; the prompt does");
        // The only form that is read yet is the one that the prompt asks for, and templates that show it.
        var isRead = !template.knowsTools() || source.contains("<tool_call>");
        line(
                out,
                "tool calls",
                isRead ? OutputParsers.formatName(source) : "not read: the template has a form of its own");
    }

    private static void line(PrintWriter out, String key, String value) {
        out.printf(Locale.ROOT, "%-14s%s%n", key, value);
    }
}
