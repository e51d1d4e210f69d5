package dev.jmlx.cli;

import dev.jmlx.engine.generate.ModelSummary;
import dev.jmlx.engine.ops.BackendUnavailableException;
import dev.jmlx.engine.ops.Backends;
import dev.jmlx.hub.Hub;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jmlx doctor`: whether this machine can run the server as it is set up, and which models it has room for.
@Command(
        name = "doctor",
        description = "Check this machine and the settings; say which models fit into memory.",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class DoctorCommand implements Callable<Integer> {
    /// Models that are recommended at most: the largest that fit.
    private static final int MOST = 4;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private boolean isWell = true;

    /// 0 when the server can run, 1 when something stands in the way.
    @Override
    public Integer call() {
        var config = ServerConfig.read(Path.of("").toAbsolutePath(), System.getenv());
        var resolver = ModelResolver.of(config);
        line("java", Runtime.version() + " (" + System.getProperty("java.vendor", "unknown") + ")");
        backend(config);
        var usable = ModelSummary.usableMemory();
        line("memory", gigabytes(usable) + " for a model with its cache and the program");
        disk(resolver.hub().cache().root());
        hub(resolver.hub(), config);
        port(config.listen());
        model(resolver, config);
        line("models here", String.join(", ", resolver.names()));
        recommend(RecommendedModel.fitting(usable));
        out().flush();
        return isWell ? 0 : 1;
    }

    private void backend(ServerConfig config) {
        try {
            var backend = Backends.choose(config.engine().backend());
            line("backend", backend.name() + ", " + config.engine().threads() + " threads");
        } catch (BackendUnavailableException unavailable) {
            problem("backend", unavailable.getMessage());
        }
    }

    private void disk(Path cache) {
        var folder = cache;
        while (!Files.exists(folder) && folder.getParent() != null) {
            folder = folder.getParent();
        }
        try {
            var free = gigabytes(Files.getFileStore(folder).getUsableSpace()) + " free for " + cache;
            if (Files.isWritable(folder)) {
                line("disk", free);
            } else {
                problem("disk", folder + " cannot be written to; HF_HUB_CACHE can name another folder than " + cache);
            }
        } catch (IOException unreadable) {
            problem("disk", cache + " cannot be used: " + unreadable.getMessage());
        }
    }

    /// Without the hub everything works but downloads.
    private void hub(Hub hub, ServerConfig config) {
        var settings = config.hub();
        var token = settings.token() == null ? "no token, which only gated models need" : "with a token";
        if (settings.isOffline()) {
            line("hub", "not asked: HF_HUB_OFFLINE is set");
        } else {
            line(
                    "hub",
                    settings.endpoint() + ", " + token + ": " + hub.problem().orElse("answers"));
        }
    }

    private void port(ServerConfig.Listen listen) {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(listen.host(), listen.port()));
            line("port", listen.host() + ":" + listen.port() + " is free");
        } catch (IOException taken) {
            problem("port", listen.host() + ":" + listen.port() + " cannot be used: " + taken.getMessage());
        }
    }

    private void model(ModelResolver resolver, ServerConfig config) {
        try {
            switch (resolver.find(config.model().name())) {
                case ModelPlace.Here(var name, var folder) -> line("model", name + " in " + folder);
                case ModelPlace.OnHub(var model)
                when config.hub().isOffline() ->
                    problem("model", model + " is not complete in the cache, and HF_HUB_OFFLINE is set");
                case ModelPlace.OnHub(var model) -> line("model", model + ", to be downloaded");
            }
        } catch (ConfigException missing) {
            problem("model", missing.getMessage());
        }
    }

    private void recommend(List<RecommendedModel> fitting) {
        var label = "fit here";
        for (var model : fitting.reversed().stream().limit(MOST).toList()) {
            line(
                    label,
                    String.format(
                            Locale.ROOT,
                            "%-48s %6.1f GB, and %.1f GB for 32k tokens%s",
                            model.repo(),
                            model.gigabytes(),
                            model.cacheGigabytes(),
                            model.readsTools() ? "" : "; its tool calls are not read yet"));
            label = "";
        }
        if (fitting.isEmpty()) {
            line(label, "none of the models that are recommended for coding");
        }
    }

    private void problem(String key, @Nullable String sentence) {
        isWell = false;
        line(key, "PROBLEM: " + sentence);
    }

    private void line(String key, String value) {
        out().printf(Locale.ROOT, "%-14s%s%n", key, value);
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private static String gigabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
    }
}
