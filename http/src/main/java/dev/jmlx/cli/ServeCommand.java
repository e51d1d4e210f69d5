package dev.jmlx.cli;

import dev.jmlx.http.Dispatcher;
import dev.jmlx.http.Guard;
import dev.jmlx.http.Limits;
import dev.jmlx.http.Router;
import dev.jmlx.http.Server;
import dev.jmlx.http.messages.MessagesApi;
import dev.jmlx.http.messages.ModelCard;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `jmlx serve`: loads the model, opens the port, prints how to use it, and runs until Ctrl-C.
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
        var startup = Startup.run();
        var listen = startup.config().listen();
        var api =
                new MessagesApi(startup.model(), card(startup), startup.config().defaults(), Program.version());
        var dispatcher = new Dispatcher(new Guard(listen.apiKey(), listen.host()), new Router(api.routes()));
        var server = Server.start(listen.host(), listen.port(), dispatcher, Limits.defaults());
        var ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("shutdown").unstarted(() -> {
                    server.close(GRACE);
                    startup.model().close();
                    ended.countDown();
                }));
        announce(spec.commandLine().getOut(), startup, server.port());
        ended.await();
        return 0;
    }

    private static ModelCard card(Startup startup) {
        var created = Instant.EPOCH;
        try {
            created = Files.getLastModifiedTime(startup.folder().resolve("config.json"))
                    .toInstant();
        } catch (IOException _) {
            // Only a date to show: the model is loaded.
        }
        return new ModelCard(startup.config().model().apiName(), startup.modelName(), created);
    }

    private static void announce(PrintWriter out, Startup startup, int port) {
        var info = startup.model().info();
        var listen = startup.config().listen();
        out.printf(
                Locale.ROOT,
                "Loaded %s (%s, %.0f million parameters, %.0f MB, context %d tokens) in %.2f s on %s%n",
                startup.modelName(),
                info.modelType(),
                info.parameters() / 1e6,
                info.weightBytes() / 1e6,
                startup.model().contextLength(),
                startup.took().toMillis() / 1e3,
                info.backend());
        out.printf("Listening on http://%s:%d%n", hostInUrl(listen.host()), port);
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
