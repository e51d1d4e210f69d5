package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// `jmlx doctor` as a user runs it.
@Timeout(120)
final class DoctorTest {
    @TempDir
    private Path cache = Path.of("");

    @Test
    void saysThatAllIsWellAndWhatFits() throws IOException, InterruptedException {
        try (var hub = new FakeHub();
                var doctor = JmlxProcess.start(hub, cache, Map.of("PORT", "0"), "doctor")) {
            assertThat(doctor.process().waitFor()).as(doctor.output()).isZero();
            assertThat(doctor.output())
                    .contains("backend       cpu")
                    .contains("for a model with its cache")
                    .contains("free for " + cache)
                    .contains(hub.endpoint() + ", no token, which only gated models need: answers")
                    .contains("127.0.0.1:0 is free")
                    .contains("model         smollm2-135m-instruct-4bit in ")
                    .contains("fit here      ")
                    .doesNotContain("PROBLEM");
        }
    }

    @Test
    // The hub goes before the program comes.
    @SuppressWarnings("try")
    void namesWhatStandsInTheWay() throws IOException, InterruptedException {
        try (var hub = new FakeHub();
                var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            hub.close();
            var settings = Map.of(
                    "PORT", String.valueOf(taken.getLocalPort()),
                    "MODEL_NAME", "nowhere",
                    "BACKEND", "metal",
                    "HF_TOKEN", "hf_secret");
            try (var doctor = JmlxProcess.start(hub, cache, settings, "doctor")) {
                assertThat(doctor.process().waitFor()).isEqualTo(1);
                assertThat(doctor.output())
                        .contains("backend       PROBLEM: metal is unavailable")
                        .contains("with a token: 127.0.0.1 cannot be reached")
                        .contains("port          PROBLEM: 127.0.0.1:" + taken.getLocalPort() + " cannot be used")
                        .contains("model         PROBLEM: MODEL_NAME=nowhere is not found")
                        .doesNotContain("hf_secret")
                        .doesNotContain("Exception");
            }
        }
    }
}
