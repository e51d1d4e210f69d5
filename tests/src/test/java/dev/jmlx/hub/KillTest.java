package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The program's own processes, killed while they download 200 MB.
@Timeout(300)
final class KillTest {
    private static final int SIZE = 200_000_000;
    private static final int SPEED = 40_000_000;

    private static final String WEIGHTS = "model.safetensors";

    /// More than what six connections hold of pieces that are not whole.
    private static final int LEAST_PROGRESS = 12_000_000;

    /// What one request asks for.
    private static final long CHUNK = 16 << 20;

    @TempDir
    private Path cache = Path.of("");

    @Test
    void aDownloadGoesOnWhereItWasKilled() throws IOException, InterruptedException {
        var random = new Random(2);
        var weights = new byte[SIZE];
        random.nextBytes(weights);
        var braces = new byte[] {'{', '}'};
        try (var hub = new FakeHub()) {
            hub.add("org/large", Map.of(WEIGHTS, weights, "config.json", braces, "tokenizer.json", braces));
            hub.limitSpeed(SPEED / 6);
            var kills = 0;
            while (!endsBefore(hub, hub.sent(WEIGHTS) + LEAST_PROGRESS + random.nextInt(30_000_000))) {
                kills++;
            }

            assertThat(kills).as("kills").isGreaterThan(4);
            assertThat(hub.sent(WEIGHTS)).isLessThanOrEqualTo(SIZE + kills * CHUNK);
        }
        var model = HubModel.parse("org/large").orElseThrow();
        var folder = new HubCache(cache).snapshot(model).orElseThrow();
        assertThat(FakeRepo.sha256(Files.readAllBytes(folder.resolve(WEIGHTS)))).isEqualTo(FakeRepo.sha256(weights));
    }

    /// Kills a process that pulls as soon as `sent` bytes of the weights went out; whether it ended by itself before.
    private boolean endsBefore(FakeHub hub, long sent) throws IOException, InterruptedException {
        try (var pull = JmlxProcess.start(hub, cache, Map.of(), "pull", "org/large")) {
            while (hub.sent(WEIGHTS) < sent) {
                if (pull.process().waitFor(5, TimeUnit.MILLISECONDS)) {
                    assertThat(pull.process().exitValue()).as(pull.output()).isZero();
                    return true;
                }
            }
            return false;
        }
    }
}
