package dev.jmlx.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class LauncherTest {
    private static final int JAVA_11 = 55;

    @Test
    void canBeLoadedByOlderJavaVersions() throws IOException {
        var file = Objects.requireNonNull(Launcher.class.getResourceAsStream("Launcher.class"));
        try (var in = new DataInputStream(file)) {
            assertThat(in.readInt()).isEqualTo(0xCAFEBABE);
            in.readUnsignedShort();
            assertThat(in.readUnsignedShort()).isEqualTo(JAVA_11);
        }
    }

    @Test
    void knowsItsVersion() {
        assertThat(Program.version()).matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
    }
}
