package dev.jmlx.cli;

import dev.jmlx.cli.ModelPlace.Here;
import dev.jmlx.cli.ModelPlace.OnHub;
import dev.jmlx.hub.Hub;
import dev.jmlx.hub.HubModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Finds a model by its name, in this order: a path; a name under `models/`; a complete model in the hub's cache;
/// the hub itself. Asks nothing of the network.
///
/// `models/` is looked for in `workingFolder`, then in the folder of the program `jar` and in those around it.
record ModelResolver(Path workingFolder, Path jar, Hub hub) {
    private static final String EMBEDDED = "smollm2-135m-instruct-4bit";

    /// The resolver of this process, for the settings of `config`.
    static ModelResolver of(ServerConfig config) {
        return new ModelResolver(Path.of("").toAbsolutePath(), Program.location(), new Hub(config.hub()));
    }

    /// Where the model of the setting `MODEL_NAME` is; null means the embedded one. Throws [ConfigException] when
    /// the name can be none.
    ModelPlace find(@Nullable String name) {
        return here(name)
                .<ModelPlace>map(Function.identity())
                .or(() -> onHub(name).map(OnHub::new))
                .orElseThrow(() -> notFound("MODEL_NAME=", name, ""));
    }

    /// The folder of a model that must be on this machine. Throws [ConfigException].
    Path findHere(String name) {
        return here(name)
                .orElseThrow(() ->
                        notFound("", name, onHub(name).isPresent() ? "; `jmlx pull " + name + "` downloads it" : ""))
                .folder();
    }

    private Optional<Here> here(@Nullable String name) {
        return local(name)
                .map(folder -> new Here(String.valueOf(folder.normalize().getFileName()), folder))
                .or(() -> onHub(name)
                        .flatMap(model -> hub.cached(model).map(folder -> new Here(model.toString(), folder))));
    }

    private static Optional<HubModel> onHub(@Nullable String name) {
        return name == null ? Optional.empty() : HubModel.parse(name);
    }

    private Optional<Path> local(@Nullable String name) {
        try {
            return folders(name)
                    .filter(folder -> Files.exists(folder.resolve("config.json")))
                    .findFirst();
        } catch (InvalidPathException _) {
            return Optional.empty();
        }
    }

    private Stream<Path> folders(@Nullable String name) {
        var wanted = name == null ? EMBEDDED : name;
        var given = name == null ? Stream.<Path>empty() : Stream.of(workingFolder.resolve(name));
        return Stream.concat(given, modelFolders().map(folder -> folder.resolve(wanted)));
    }

    private Stream<Path> modelFolders() {
        return Stream.concat(
                        Stream.of(workingFolder),
                        Stream.iterate(jar.toAbsolutePath().getParent(), parent -> parent != null, Path::getParent))
                .map(folder -> folder.resolve("models"));
    }

    private ConfigException notFound(String from, @Nullable String name, String remedy) {
        if (name == null) {
            return new ConfigException("the embedded model " + EMBEDDED + " is not found under models/ (looked at "
                    + workingFolder.resolve("models") + " first)");
        }
        return new ConfigException(from + name
                + " is not found: it must be a folder with a config.json, the name of one under models/, or a model of"
                + " the hub such as mlx-community/Qwen3-4B-4bit" + remedy + near(name));
    }

    /// Names like `name` of models that are here, as the end of a sentence; empty when there are none.
    String near(String name) {
        var near = NearNames.of(name, names());
        return near.isEmpty() ? "" : "; near names here: " + String.join(", ", near);
    }

    /// Names of all models that are here.
    List<String> names() {
        var names = new ArrayList<String>();
        modelFolders().filter(Files::isDirectory).forEach(folder -> {
            try (var models = Files.list(folder)) {
                models.filter(model -> Files.exists(model.resolve("config.json")))
                        .forEach(model -> names.add(model.getFileName().toString()));
            } catch (IOException _) {
                // No names from there.
            }
        });
        hub.cache().list().forEach(cached -> names.add(cached.model().toString()));
        return names.stream().distinct().sorted().toList();
    }
}
