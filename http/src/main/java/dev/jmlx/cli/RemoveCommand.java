package dev.jmlx.cli;

import dev.jmlx.hub.HubCache;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jmlx remove`: deletes a downloaded model.
@Command(
        name = "remove",
        description = "Delete a downloaded model with all its revisions.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class RemoveCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "REPO", description = "As `jmlx list` shows it.")
    private String name = "";

    @Override
    public Integer call() {
        var settings =
                ServerConfig.read(Path.of("").toAbsolutePath(), System.getenv()).hub();
        var model = PullCommand.model(name);
        var bytes = new HubCache(settings.cache()).remove(model);
        spec.commandLine()
                .getOut()
                .println("Removed " + model.repo() + ": " + DownloadDisplay.size(bytes) + " are free");
        spec.commandLine().getOut().flush();
        return 0;
    }
}
