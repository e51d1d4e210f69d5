package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cpu.CpuOps;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.weights.ModelLoadException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Damaged `config.json` files of every architecture: each is refused with a sentence or loads as a model that runs.
class ConfigFuzzTest {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final List<Path> MODELS = models();

    private static final List<String> JUNK = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1",
            "2",
            "3",
            "7",
            "1000000",
            "2147483647",
            "2147483648",
            "1e300",
            "-0.5",
            "\"\"",
            "\"yarn\"",
            "[]",
            "[1,2]",
            "[\"full_attention\"]",
            "{}",
            "{\"rope_type\":\"yarn\",\"factor\":0}",
            "{\"rope_type\":\"llama3\",\"factor\":1e300}",
            "{\"bits\":3,\"group_size\":32}");

    private static List<Path> models() {
        try (var folders = Files.list(Fixtures.resource("goldens/models"))) {
            return folders.filter(folder -> Files.exists(folder.resolve("config.json")))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Property(tries = 1000)
    void damagedConfigsAreRefusedOrRun(@ForAll long seed) throws IOException {
        var random = new Random(seed);
        var good = MODELS.get(random.nextInt(MODELS.size()));
        var config = JSON.readTree(Files.readString(good.resolve("config.json")));
        for (var i = 0; i <= random.nextInt(3); i++) {
            damage(config, random);
        }
        var folder = Files.createTempDirectory("config");
        try {
            Files.createSymbolicLink(folder.resolve("model.safetensors"), good.resolve("model.safetensors"));
            Files.writeString(folder.resolve("config.json"), config.toString());
            assertTimeoutPreemptively(LIMIT, () -> check(folder), () -> good.getFileName() + ": " + config);
        } finally {
            delete(folder);
        }
    }

    private static void damage(JsonNode config, Random random) {
        var parents = new ArrayList<ObjectNode>();
        collect(config, parents);
        var parent = parents.get(random.nextInt(parents.size()));
        var name = new ArrayList<>(parent.propertyNames()).get(random.nextInt(parent.size()));
        var junk = JSON.readTree(JUNK.get(random.nextInt(JUNK.size())));
        switch (random.nextInt(4)) {
            case 0 -> parent.remove(name);
            case 1 -> {
                if (parent.get(name) instanceof ArrayNode array) {
                    array.insert(random.nextInt(array.size() + 1), junk);
                } else {
                    parent.set(name, junk);
                }
            }
            default -> parent.set(name, junk);
        }
    }

    private static void collect(JsonNode node, List<ObjectNode> parents) {
        if (node instanceof ObjectNode object && !object.isEmpty()) {
            parents.add(object);
        }
        node.forEach(child -> collect(child, parents));
    }

    private static void check(Path folder) {
        try (var runner = new ModelRunner(folder, new CpuOps(1, Precision.EXACT), CacheType.F16)) {
            var count = Math.min(3, runner.contextLength());
            assertThat(runner.run(new int[count])).hasNumberOfRows(count);
        } catch (ModelLoadException e) {
            assertThat(e.getMessage()).isNotBlank().hasSizeLessThan(1_000);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}
