package dev.jmlx.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// Which files of a repository a model needs. Stateless.
final class ModelFiles {
    private static final String INDEX = "model.safetensors.index.json";
    private static final long LARGEST_INDEX = 64 << 20;
    private static final JsonMapper JSON = new JsonMapper();

    private ModelFiles() {}

    /// Whether a model may need a file of this name: weights, JSON, templates and tokenizers, in the
    /// repository's own folder.
    static boolean isWanted(String name) {
        return !name.contains("/")
                && !name.startsWith(".")
                && (name.endsWith(".json")
                        || name.endsWith(".jinja")
                        || isWeights(name)
                        || name.equals("tokenizer.model")
                        || name.equals("merges.txt")
                        || name.equals("vocab.txt"));
    }

    /// As the engine reads them.
    static boolean isWeights(String name) {
        return name.startsWith("model") && name.endsWith(".safetensors");
    }

    /// Throws [HubException] when no model can be among `files`.
    static void check(HubModel model, List<RemoteFile> files) {
        if (files.stream().noneMatch(file -> file.name().equals("config.json"))) {
            throw new HubException(model + " has no config.json: it is not a model, or not one in MLX's format");
        }
        if (files.stream().noneMatch(file -> isWeights(file.name()))) {
            throw new HubException(
                    model + " has no model*.safetensors: look for a version of it in MLX's format (mlx-community)");
        }
        if (files.stream().noneMatch(file -> file.name().equals("tokenizer.json"))) {
            throw new HubException(model + " has no tokenizer.json, and other tokenizers are not read");
        }
    }

    /// Whether a folder has what a model cannot do without: its configuration, all weights and a tokenizer. A
    /// download that ended early has not.
    static boolean isComplete(Path folder) {
        return has(folder, "config.json")
                && (has(folder, "tokenizer.json") || has(folder, "tokenizer.model"))
                && hasWeights(folder);
    }

    private static boolean hasWeights(Path folder) {
        var index = folder.resolve(INDEX);
        if (!Files.exists(index)) {
            return has(folder, "model.safetensors")
                    || any(folder, name -> isWeights(name) && !isShard(name) && has(folder, name));
        }
        try {
            if (Files.size(index) > LARGEST_INDEX) {
                return false;
            }
            var shards = new TreeSet<String>();
            JSON.readTree(index.toFile()).path("weight_map").forEach(shard -> shards.add(shard.asString("")));
            // Some repositories keep the index of shards that became one file.
            return has(folder, "model.safetensors")
                    || (!shards.isEmpty() && shards.stream().allMatch(shard -> has(folder, shard)));
        } catch (IOException | JacksonException _) {
            return false;
        }
    }

    private static boolean isShard(String name) {
        return name.matches(".*-\\d+-of-\\d+\\.safetensors");
    }

    private static boolean any(Path folder, Predicate<String> test) {
        try (var files = Files.list(folder)) {
            return files.anyMatch(file -> test.test(file.getFileName().toString()));
        } catch (IOException _) {
            return false;
        }
    }

    private static boolean has(Path folder, String name) {
        return HubCache.isPlain(name) && Files.isRegularFile(folder.resolve(name));
    }
}
