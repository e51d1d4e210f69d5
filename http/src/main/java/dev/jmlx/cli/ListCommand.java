package dev.jmlx.cli;

import dev.jmlx.hub.HubCache;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jmlx list`: the models of the hub that are on this machine.
@Command(
        name = "list",
        description = "List the downloaded models.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class ListCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        var settings =
                ServerConfig.read(Path.of("").toAbsolutePath(), System.getenv()).hub();
        var models = new HubCache(settings.cache()).list();
        var out = spec.commandLine().getOut();
        if (models.isEmpty()) {
            out.println("No models in " + settings.cache() + "; `jmlx pull ORGANIZATION/NAME` downloads one");
        }
        for (var cached : models) {
            out.printf(
                    Locale.ROOT,
                    "%-10s %s%s%n",
                    DownloadDisplay.size(cached.bytes()),
                    cached.model(),
                    cached.isComplete() ? "" : "   (incomplete: `jmlx pull " + cached.model() + "` goes on)");
        }
        out.flush();
        return 0;
    }
}
