package dev.jmlx.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.tensor.DType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SafetensorsTest {
    private static final String TWO_TENSORS = """
            {"__metadata__":{"format":"mlx"},\
            "b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},\
            "a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]}}""";

    @TempDir
    Path folder;

    @Test
    void readsTensorsInTheOrderOfTheirBytes() throws IOException {
        var file = SafetensorsFile.write(folder.resolve("m.safetensors"), TWO_TENSORS, 12);
        try (var arena = Arena.ofConfined()) {
            var tensors = Safetensors.read(file, arena);
            assertThat(tensors).extracting(TensorInfo::name).containsExactly("a", "b");
            assertThat(tensors.get(0).dtype()).isEqualTo(DType.F16);
            assertThat(tensors.get(0).shape()).containsExactly(2, 1);
            assertThat(tensors.get(1).data().byteSize()).isEqualTo(8);
        }
    }

    @ParameterizedTest
    @CsvSource({"2147483648", "4294967296", "5368709120"})
    void readsTensorsBeyondTwoAndFourGibibytes(long offset) throws IOException {
        var file = folder.resolve("sparse.safetensors");
        var header = """
                {"filler":{"dtype":"U8","shape":[%d,4],"data_offsets":[0,%d]},\
                "far":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}}""".formatted(offset / 4, offset, offset, offset + 4).getBytes(StandardCharsets.UTF_8);
        try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(8 + header.length + offset + 4);
            sparse.write(littleEndian(header.length));
            sparse.write(header);
            sparse.seek(8 + header.length + offset);
            sparse.write(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(42)
                    .array());
        }
        try (var arena = Arena.ofConfined()) {
            var far = Safetensors.read(file, arena).get(1);
            assertThat(far.name()).isEqualTo("far");
            assertThat(far.data().get(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0))
                    .isEqualTo(42);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | not a JSON object",
                "{\"a\": | not valid JSON",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}} | a: the entry needs dtype, shape and two data_offsets",
                "{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}} | element type \"F99\"",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,400]}} | lie outside the file's 16 data bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}} | lie outside",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,4]}} | need 12 bytes, the file has 4",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | dimension -1 is out of range",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2000000000,2000000000,2000000000],\"data_offsets\":[0,4]}} | absurd",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,4]}} | no 64-bit integer",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":7,\"data_offsets\":[0,4]}} | shape is not an array",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}} | b: overlaps a",
                "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}} | Duplicate",
            })
    void refusesHeadersThatLie(String header, String problem) throws IOException {
        var file = SafetensorsFile.write(folder.resolve("m.safetensors"), header, 16);
        try (var arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.read(file, arena))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessageStartingWith("m.safetensors: ")
                    .hasMessageContaining(problem);
        }
    }

    @Test
    void refusesAHeaderLongerThanTheFile() throws IOException {
        var file = Files.write(folder.resolve("m.safetensors"), littleEndian(Long.MAX_VALUE));
        try (var arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.read(file, arena))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessageContaining("truncated or no safetensors file");
        }
    }

    @Test
    void endsInAClearErrorOrATensorListForAnyDamage() throws IOException {
        var good = Files.readAllBytes(SafetensorsFile.write(folder.resolve("good.safetensors"), TWO_TENSORS, 12));
        var random = new Random(7);
        for (var round = 0; round < 2_000; round++) {
            var bad = good.clone();
            for (var flips = 1 + random.nextInt(3); flips > 0; flips--) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            var file = Files.write(
                    folder.resolve("bad.safetensors"), java.util.Arrays.copyOf(bad, random.nextInt(bad.length + 1)));
            try (var arena = Arena.ofConfined()) {
                assertThat(Safetensors.read(file, arena)).hasSizeLessThanOrEqualTo(2);
            } catch (ModelLoadException e) {
                assertThat(e).hasMessageStartingWith("bad.safetensors: ");
            }
        }
    }

    private static byte[] littleEndian(long value) {
        return ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }
}
