package dev.jmlx.cli;

import dev.jmlx.cli.ServerConfig.Listen;
import dev.jmlx.http.Dispatcher;
import dev.jmlx.http.Guard;
import dev.jmlx.http.Limits;
import dev.jmlx.http.Router;
import dev.jmlx.http.Server;
import dev.jmlx.http.messages.LoadedModel;
import dev.jmlx.http.messages.MessagesApi;
import dev.jmlx.http.messages.ModelCard;
import dev.jmlx.http.messages.StartingApi;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jmlx serve`: opens the port, downloads the model where it must, loads it, prints how to use it, and runs until
/// Ctrl-C. Until the model is there requests are told to come back.
@Command(
        name = "serve",
        description = "Serve the model through the Claude Messages API (the default).",
        mixinStandardHelpOptions = true,
        versionProvider = Program.class)
final class ServeCommand implements Callable<Integer> {
    private static final Duration GRACE = Duration.ofSeconds(5);

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        var startup = Startup.begin();
        var progress = new StartProgress();
        var listen = startup.config().listen();
        var starting = new StartingApi(startup.place().name(), Program.version(), progress::state);
        var dispatcher = new Dispatcher(new Guard(listen.apiKey(), listen.host()), new Router(starting.routes()));
        var server = Server.start(listen.host(), listen.port(), dispatcher, Limits.defaults());
        var ended = new CountDownLatch(1);
        var model = new AtomicReference<LoadedModel>();
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> {
                    server.close(GRACE);
                    Optional.ofNullable(model.get()).ifPresent(LoadedModel::close);
                    ended.countDown();
                }));
        try {
            if (startup.place() instanceof ModelPlace.OnHub) {
                say("Downloading " + startup.place().name() + " into "
                        + startup.resolver().hub().cache().root() + "; " + address(listen, server.port())
                        + "/health says how far it is");
            }
            var loaded = startup.load(progress, spec.commandLine().getErr());
            model.set(loaded.model());
            var config = startup.config();
            var api = new MessagesApi(loaded.model(), card(config, loaded), config.defaults(), Program.version());
            dispatcher.route(new Router(api.routes()));
            announce(spec.commandLine().getOut(), listen, loaded, server.port());
            ended.await();
            return 0;
        } finally {
            server.close();
        }
    }

    private static ModelCard card(ServerConfig config, Startup.Loaded loaded) {
        var created = Instant.EPOCH;
        try {
            created = Files.getLastModifiedTime(loaded.folder().resolve("config.json"))
                    .toInstant();
        } catch (IOException _) {
            // Only a date to show: the model is loaded.
        }
        return new ModelCard(config.model().apiName(), loaded.name(), created);
    }

    private static void announce(PrintWriter out, Listen listen, Startup.Loaded loaded, int port) {
        var info = loaded.model().info();
        out.printf(
                Locale.ROOT,
                "Loaded %s (%s, %.0f million parameters, %.0f MB, context %d tokens) in %.2f s on %s%n",
                loaded.name(),
                info.modelType(),
                info.parameters() / 1e6,
                info.weightBytes() / 1e6,
                loaded.model().contextLength(),
                loaded.took().toMillis() / 1e3,
                info.backend());
        out.println("Listening on " + address(listen, port));
        if (!isLoopback(listen.host()) && listen.apiKey() == null) {
            out.println("WARNING: other machines can use this server without a key; set API_KEY, or HOST=127.0.0.1");
        }
        out.printf(
                "Claude Code: ANTHROPIC_BASE_URL=http://%s:%d ANTHROPIC_AUTH_TOKEN=%s claude%n",
                isWildcard(listen.host()) ? "127.0.0.1" : hostInUrl(listen.host()),
                port,
                listen.apiKey() == null ? "local" : "$API_KEY");
        out.flush();
    }

    private void say(String line) {
        spec.commandLine().getErr().println(line);
        spec.commandLine().getErr().flush();
    }

    private static String address(Listen listen, int port) {
        return "http://" + hostInUrl(listen.host()) + ":" + port;
    }

    private static String hostInUrl(String host) {
        return host.contains(":") ? "[" + host + "]" : host;
    }

    private static boolean isWildcard(String host) {
        return address(host).isAnyLocalAddress();
    }

    private static boolean isLoopback(String host) {
        return address(host).isLoopbackAddress();
    }

    private static InetAddress address(String host) {
        try {
            return InetAddress.getByName(host);
        } catch (IOException unknown) {
            throw new ConfigException("HOST=" + host + " is not allowed: " + unknown.getMessage());
        }
    }
}
