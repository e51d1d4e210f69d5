package dev.jmlx.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The program in a process of its own, which knows nothing of this machine's hub cache, token and `.env`.
///
/// `log`: what it wrote, on both streams.
record JmlxProcess(Process process, Path log) implements AutoCloseable {

    /// Starts `jmlx ARGUMENTS` with the hub's cache `cache`, which may be an empty folder.
    static JmlxProcess start(FakeHub hub, Path cache, Map<String, String> settings, String... arguments)
            throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.jmlx.cli.Main"));
        command.addAll(List.of(arguments));
        var builder = new ProcessBuilder(command);
        // Proxies, keys and models of whoever runs the test are none of its business.
        builder.environment().keySet().retainAll(Set.of("PATH", "SystemRoot", "TMPDIR", "TEMP"));
        builder.environment().put("HF_ENDPOINT", hub.endpoint().toString());
        builder.environment().put("HF_HUB_CACHE", cache.toString());
        builder.environment().put("HF_HOME", cache.toString());
        builder.environment().putAll(settings);
        var log = Files.createTempFile(cache, "jmlx", ".log");
        var process = builder.directory(cache.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new JmlxProcess(process, log);
    }

    String output() throws IOException {
        return Files.readString(log);
    }

    /// Kills it as `kill -9` does.
    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}
