package dev.jmlx.cli;

import dev.jmlx.engine.ops.BackendUnavailableException;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.http.ApiException;
import dev.jmlx.http.ServerStartException;
import dev.jmlx.hub.HubException;
import dev.jmlx.jinja.TemplateException;
import dev.jmlx.tokenizer.PatternLimitException;
import dev.jmlx.tokenizer.TokenizerLoadException;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/// `jmlx`: without a command it serves. Expected problems are one sentence on stderr: exit code 2 for wrong
/// settings and options, 1 for everything else.
@Command(
        name = "jmlx",
        description = "Runs MLX-format language models and serves them through the Claude Messages API.",
        footer = {"", "Settings come from .env and the environment; .env.example lists them."},
        subcommands = {
            ServeCommand.class,
            GenerateCommand.class,
            InspectCommand.class,
            PullCommand.class,
            ListCommand.class,
            RemoveCommand.class,
            DoctorCommand.class
        },
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class JmlxCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    /// The exit code.
    static int run(String... args) {
        return new CommandLine(new JmlxCommand())
                .setExecutionExceptionHandler(JmlxCommand::explain)
                .execute(args);
    }

    @Override
    public Integer call() {
        return Objects.requireNonNull(spec.subcommands().get("serve")).execute();
    }

    private static int explain(Exception problem, CommandLine command, ParseResult parsed) throws Exception {
        return switch (problem) {
            case ConfigException wrong -> say(command, wrong, 2);
            case HubException unable -> say(command, unable, 1);
            case ModelLoadException broken -> say(command, broken, 1);
            case TokenizerLoadException broken -> say(command, broken, 1);
            case TemplateException broken -> say(command, broken, 1);
            case PatternLimitException broken -> say(command, broken, 1);
            case BackendUnavailableException unavailable -> say(command, unavailable, 1);
            case ServerStartException unable -> say(command, unable, 1);
            case ApiException refused -> say(command, refused, 1);
            case GenerationFailedException failed -> say(command, failed, 1);
            default -> throw problem;
        };
    }

    private static int say(CommandLine command, Exception problem, int exitCode) {
        command.getErr().println("jmlx: " + problem.getMessage());
        command.getErr().flush();
        return exitCode;
    }
}
