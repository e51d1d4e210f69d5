package dev.jmlx.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds the folder of a model by the name in the configuration. Stateless.
final class ModelFolder {
    private static final String EMBEDDED = "smollm2-135m-instruct-4bit";

    private ModelFolder() {}

    /// `name`: a folder, a name under `models/`, or null for the embedded model. `models/` is looked for in
    /// `workingFolder`, then in the folder of the program `jar` and in those around it. Throws [ConfigException].
    static Path find(@Nullable String name, Path workingFolder, Path jar) {
        return find("MODEL_NAME=", name, workingFolder, jar);
    }

    /// The same for a name from elsewhere: messages show `from` before it.
    static Path find(String from, @Nullable String name, Path workingFolder, Path jar) {
        var wanted = name == null ? EMBEDDED : name;
        var candidates = new ArrayList<Path>();
        if (name != null) {
            candidates.add(workingFolder.resolve(name));
        }
        candidates.add(workingFolder.resolve("models").resolve(wanted));
        for (var parent = jar.toAbsolutePath().getParent(); parent != null; parent = parent.getParent()) {
            candidates.add(parent.resolve("models").resolve(wanted));
        }
        return candidates.stream()
                .filter(folder -> Files.exists(folder.resolve("config.json")))
                .findFirst()
                .orElseThrow(() -> new ConfigException(notFound(from, name, candidates)));
    }

    private static String notFound(String from, @Nullable String name, List<Path> candidates) {
        var setting = name == null ? "the embedded model " + EMBEDDED : from + name;
        return setting
                + " is not found: it must be a folder with a config.json, or the name of one under models/ (looked"
                + " at " + candidates.getFirst().toAbsolutePath() + " first)";
    }
}
