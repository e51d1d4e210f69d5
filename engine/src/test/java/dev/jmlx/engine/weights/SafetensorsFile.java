package dev.jmlx.engine.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Writes safetensors files for tests, right and wrong ones.
final class SafetensorsFile {
    private SafetensorsFile() {}

    /// A file with the given header text and `dataBytes` zero bytes of data.
    static Path write(Path file, String header, int dataBytes) throws IOException {
        var json = header.getBytes(StandardCharsets.UTF_8);
        var bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        return Files.write(file, bytes.array());
    }
}
