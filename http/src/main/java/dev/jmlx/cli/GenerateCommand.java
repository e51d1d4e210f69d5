package dev.jmlx.cli;

import dev.jmlx.chat.ChatMessage;
import dev.jmlx.chat.Role;
import dev.jmlx.engine.sample.SamplingParams;
import dev.jmlx.http.messages.Conversation;
import dev.jmlx.http.messages.RequestedSampling;
import dev.jmlx.http.messages.TextEvent;
import dev.jmlx.http.messages.TextStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jmlx generate`: answers one prompt on the terminal and says how fast that was.
@Command(
        name = "generate",
        description = "Answer one prompt on the terminal.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class GenerateCommand implements Callable<Integer> {
    private static final Duration POLL = Duration.ofSeconds(1);

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = {"-p", "--prompt"},
            required = true,
            description = "What to say to the model.")
    private String prompt = "";

    @Option(names = "--max-tokens", description = "Tokens of the answer at most; default DEFAULT_MAX_TOKENS.")
    private @Nullable Integer maxTokens;

    @Option(names = "--temperature", description = "0 always takes the best token; default DEFAULT_TEMPERATURE.")
    private @Nullable Double temperature;

    @Option(names = "--seed", description = "Makes sampling repeatable.")
    private @Nullable Long seed;

    @Option(names = "--raw", description = "Continue the prompt as it is, without the chat template.")
    private boolean raw;

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        var startup = Startup.begin();
        var loaded = startup.load(new StartProgress(), spec.commandLine().getErr());
        try (var model = loaded.model()) {
            var ids = raw ? model.encodeRaw(prompt) : model.encode(conversation());
            var room = model.contextLength() - ids.length;
            if (ids.length == 0 || room < 1) {
                throw new ConfigException(
                        "--prompt has " + ids.length + " tokens: it must have 1 to " + (model.contextLength() - 1));
            }
            var defaults = startup.config().defaults();
            var asked = defaults.resolve(new RequestedSampling(temperature, null, null), model.recommended());
            var sampling = new SamplingParams(asked.temperature(), asked.topP(), asked.topK(), seed);
            var wanted = maxTokens == null ? defaults.maxTokens() : maxTokens.intValue();
            var start = System.nanoTime();
            try (var text = model.generate(ids, Math.min(wanted, room), sampling)) {
                print(text, new Pace(ids.length, start));
            }
        }
        return 0;
    }

    private void checkOptions() {
        if (maxTokens != null && maxTokens < 1) {
            throw new ConfigException("--max-tokens " + maxTokens + " is not allowed: it must be at least 1");
        }
        if (temperature != null && !(temperature >= 0 && temperature <= 1)) {
            throw new ConfigException("--temperature " + temperature + " is not allowed: it must be from 0 to 1");
        }
    }

    private void print(TextStream text, Pace pace) throws InterruptedException {
        var out = spec.commandLine().getOut();
        var ended = false;
        while (!ended) {
            var event = text.next(POLL);
            ended = event.isPresent() && show(event.get(), out, pace);
        }
        spec.commandLine().getErr().println(pace.summary());
    }

    /// Whether that was the end.
    private static boolean show(TextEvent event, PrintWriter out, Pace pace) {
        switch (event) {
            case TextEvent.Piece piece -> {
                pace.token(System.nanoTime());
                out.print(piece.text());
            }
            case TextEvent.Ended end -> out.println(end.text());
            case TextEvent.Failed failure -> throw new GenerationFailedException(failure.message());
        }
        out.flush();
        return event instanceof TextEvent.Ended;
    }

    private Conversation conversation() {
        return new Conversation(List.of(ChatMessage.of(Role.USER, prompt)), List.of(), "");
    }
}
