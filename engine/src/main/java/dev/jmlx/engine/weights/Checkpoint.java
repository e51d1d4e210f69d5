package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BiFunction;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// A model folder's `config.json` and safetensors files, mapped into memory and shared with the page cache.
///
/// Opened by the engine; the weights it hands out are valid until it is closed. Shards come from
/// `model.safetensors.index.json` when it is there, else from all `model*.safetensors`, as mlx-lm reads them.
public final class Checkpoint implements AutoCloseable {
    private static final String INDEX = "model.safetensors.index.json";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Arena arena = Arena.ofShared();
    private final ModelConfig config;
    private final Map<String, TensorInfo> tensors = new HashMap<>();

    private Checkpoint(ModelConfig config) {
        this.config = config;
    }

    /// Maps all of the folder's weights. Nothing is read but the headers.
    public static Checkpoint open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ModelLoadException(folder + ": no such folder");
        }
        var checkpoint = new Checkpoint(ModelConfig.read(folder.resolve("config.json")));
        try {
            for (var shard : shards(folder)) {
                checkpoint.map(shard);
            }
            return checkpoint;
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    public ModelConfig config() {
        return config;
    }

    /// A fresh view on the weights that has read nothing yet; `placement` makes of each matrix what the
    /// backend computes with, in memory that is freed with the checkpoint.
    public Weights weights(BiFunction<Matrix, Arena, Matrix> placement) {
        return new Weights(tensors, config, matrix -> placement.apply(matrix, arena));
    }

    /// Bytes of all tensors.
    public long byteSize() {
        return tensors.values().stream().mapToLong(t -> t.data().byteSize()).sum();
    }

    @Override
    public void close() {
        arena.close();
    }

    private void map(Path shard) {
        for (var tensor : Safetensors.read(shard, arena)) {
            if (tensors.put(tensor.name(), tensor) != null) {
                throw new ModelLoadException(shard.getFileName() + ": " + tensor.name() + ": occurs in two shards");
            }
        }
    }

    private static List<Path> shards(Path folder) {
        var index = folder.resolve(INDEX);
        var shards = Files.isRegularFile(index) ? indexed(folder, index) : globbed(folder);
        if (shards.isEmpty()) {
            throw new ModelLoadException(folder + ": no model*.safetensors in the folder");
        }
        return shards;
    }

    private static List<Path> indexed(Path folder, Path index) {
        try {
            var map = JSON.readTree(index).path("weight_map");
            if (!map.isObject()) {
                throw new ModelLoadException(INDEX + ": \"weight_map\" is missing");
            }
            var names = new TreeSet<String>();
            map.forEach(name -> names.add(name.asString("")));
            var listed =
                    names.stream().map(Checkpoint::plain).map(folder::resolve).toList();
            var others = globbed(folder);
            // An index of before the conversion names none of the files.
            return listed.stream().noneMatch(Files::exists) && !others.isEmpty()
                    ? others
                    : listed.stream().map(Checkpoint::existing).toList();
        } catch (JacksonException e) {
            throw new ModelLoadException(INDEX + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// A shard must be a file of the folder itself: an index from outside cannot point elsewhere.
    private static String plain(String name) {
        if (name.isEmpty() || name.chars().anyMatch(c -> c == '/' || c == '\\' || c == 0)) {
            throw new ModelLoadException(INDEX + ": \"" + name + "\" is no file name");
        }
        return name;
    }

    private static Path existing(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new ModelLoadException(
                    INDEX + ": " + file.getFileName() + " is listed but not in the folder; download it again");
        }
        return file;
    }

    private static List<Path> globbed(Path folder) {
        try (var files = Files.newDirectoryStream(folder, "model*.safetensors")) {
            var shards = new TreeSet<Path>();
            files.forEach(shards::add);
            return List.copyOf(shards);
        } catch (IOException e) {
            throw new ModelLoadException(folder + ": cannot be listed: " + e.getMessage(), e);
        }
    }
}
