package dev.jmlx.cli;

import dev.jmlx.hub.DownloadProgress;
import dev.jmlx.hub.Hub;
import dev.jmlx.hub.HubModel;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `jmlx pull`: downloads a model, or what is missing of it, or its newest state.
@Command(
        name = "pull",
        description = "Download a model of the hub, or what is missing of it.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class PullCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Parameters(paramLabel = "REPO[@REVISION]", description = "Such as mlx-community/Qwen3-4B-4bit.")
    private String name = "";

    @Override
    public Integer call() {
        var config = ServerConfig.read(Path.of("").toAbsolutePath(), System.getenv());
        var folder = DownloadDisplay.pull(
                new Hub(config.hub()),
                model(name),
                new DownloadProgress(),
                spec.commandLine().getErr());
        spec.commandLine().getOut().println(folder);
        spec.commandLine().getOut().flush();
        return 0;
    }

    /// Throws [ConfigException] when `name` is not one of the hub.
    static HubModel model(String name) {
        return HubModel.parse(name)
                .orElseThrow(() -> new ConfigException(name
                        + " is not the name of a model: it must be ORGANIZATION/NAME, or ORGANIZATION/NAME@REVISION,"
                        + " such as mlx-community/Qwen3-4B-4bit"));
    }
}
