package dev.jmlx.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine.IVersionProvider;

/// What the program knows about itself: its version and where its jar lies. Stateless.
final class Program implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"jmlx " + version()};
    }

    /// The version of the build.
    static String version() {
        try (var resource = Program.class.getResourceAsStream("version.txt")) {
            return resource == null ? "unknown" : new String(resource.readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /// The jar, or the folder of classes.
    static Path location() {
        try {
            return Path.of(Program.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException odd) {
            throw new ConfigException("the program's own location is not a path: " + odd.getMessage());
        }
    }
}
