package dev.jmlx.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// The README's table is the program's list; `-Ddocuments.write=true` writes it anew.
final class RecommendedModelTest {
    private static final int[] MEMORIES = {8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512};
    private static final String BEGIN = "<!-- by memory -->\n";
    private static final String END = "<!-- end of by memory -->\n";

    @Test
    void readmeHasTheTable() throws IOException {
        var readme = readme();
        var text = Files.readString(readme);
        var from = text.indexOf(BEGIN) + BEGIN.length();
        var to = text.indexOf(END);
        if (Boolean.getBoolean("documents.write")) {
            Files.writeString(readme, text.substring(0, from) + table() + text.substring(to));
            return;
        }
        assertThat(text.substring(from, to))
                .as("to write it: ./mvnw test -pl http -am -Ddocuments.write=true")
                .isEqualTo(table());
    }

    @Test
    void everyMemoryFrom8GigabytesOnHasAModel() {
        for (var memory : MEMORIES) {
            assertThat(RecommendedModel.fitting(usable(memory)))
                    .as("%d GB", memory)
                    .isNotEmpty()
                    .allMatch(model -> model.totalGigabytes() <= 0.9 * memory);
        }
    }

    private static String table() {
        return RecommendedModel.ALL.stream()
                .map(model -> String.format(
                        Locale.ROOT,
                        "| %d GB | `%s` | %.1f GB | %.1f GB | %s | %s |\n",
                        memory(model),
                        model.repo(),
                        model.gigabytes(),
                        model.cacheGigabytes(),
                        String.valueOf(model.activeBillions()).replace(".0", ""),
                        model.readsTools() ? "yes" : "not yet"))
                .collect(Collectors.joining(
                        "",
                        "| memory | `MODEL_NAME` | weights | 32k tokens | billion parameters a token reads |"
                                + " tool calls read |\n|---|---|---|---|---|---|\n",
                        ""));
    }

    /// The smallest of the usual memories that is enough.
    private static int memory(RecommendedModel model) {
        return IntStream.of(MEMORIES)
                .filter(memory -> model.totalGigabytes() * 1e9 <= usable(memory))
                .findFirst()
                .orElseThrow();
    }

    /// As the engine reckons: a tenth is the system's.
    private static long usable(int gigabytes) {
        return gigabytes * 900_000_000L;
    }

    private static Path readme() {
        for (var folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.exists(folder.resolve("mvnw"))) {
                return folder.resolve("README.md");
            }
        }
        throw new AssertionError("no mvnw above the working folder");
    }
}
