package dev.jmlx.engine.weights;

import dev.jmlx.engine.tensor.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Reads one safetensors file: maps it whole, reads the header, and checks everything that the header claims.
///
/// Layout: an unsigned 64-bit little-endian header length, a JSON header `{name: {dtype, shape,
/// data_offsets}}`, then the tensors' bytes. Source: the safetensors format description. Sizes are 64-bit
/// throughout, so files may exceed 4 GiB. Every failure is a [ModelLoadException] that names the file and,
/// where there is one, the tensor.
public final class Safetensors {
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LENGTH_BYTES = 8;

    /// The reference implementation's own limit.
    private static final long MAX_HEADER_BYTES = 100_000_000;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final String fileName;
    private final MemorySegment data;

    private Safetensors(String fileName, MemorySegment data) {
        this.fileName = fileName;
        this.data = data;
    }

    /// The tensors of `file`, in the order of their bytes; they stay mapped until `arena` closes.
    public static List<TensorInfo> read(Path file, Arena arena) {
        var name = String.valueOf(file.getFileName());
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            var size = channel.size();
            if (size < LENGTH_BYTES) {
                throw new ModelLoadException(
                        name + ": the file has " + size + " bytes and is no safetensors file; download it again");
            }
            var mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            var headerBytes = mapped.get(U64, 0);
            if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES || headerBytes > size - LENGTH_BYTES) {
                throw new ModelLoadException(name + ": the header claims " + Long.toUnsignedString(headerBytes)
                        + " bytes of a file of " + size + "; the file is truncated or no safetensors file");
            }
            var header = mapped.asSlice(LENGTH_BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
            return new Safetensors(name, mapped.asSlice(LENGTH_BYTES + headerBytes)).parse(header);
        } catch (IOException e) {
            throw new ModelLoadException(
                    Files.exists(file) ? name + ": cannot be read: " + e.getMessage() : file + ": no such file", e);
        }
    }

    private List<TensorInfo> parse(byte[] header) {
        var spans = new ArrayList<Span>();
        try (var parser = JSON.createParser(ObjectReadContext.empty(), header)) {
            expect(parser.nextToken() == JsonToken.START_OBJECT, "the header is not a JSON object");
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                var name = parser.currentName();
                parser.nextToken();
                if (name.equals("__metadata__")) {
                    parser.skipChildren();
                } else {
                    spans.add(readEntry(parser, name));
                }
            }
        } catch (JacksonException e) {
            throw new ModelLoadException(fileName + ": the header is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (UncheckedIOException e) {
            throw new ModelLoadException(fileName + ": the header cannot be read: " + e.getMessage(), e);
        }
        return cut(spans);
    }

    /// Where a tensor lies in the data part: `[begin, end)`.
    private record Span(String name, DType dtype, int[] shape, long begin, long end) {}

    private Span readEntry(JsonParser parser, String name) {
        expect(parser.currentToken() == JsonToken.START_OBJECT, name + ": the entry is not an object");
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            var key = parser.currentName();
            parser.nextToken();
            switch (key) {
                case "dtype" -> dtype = parser.getString();
                case "shape" -> shape = readNumbers(parser, name, key);
                case "data_offsets" -> offsets = readNumbers(parser, name, key);
                default -> parser.skipChildren();
            }
        }
        if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
            throw new ModelLoadException(
                    fileName + ": " + name + ": the entry needs dtype, shape and two data_offsets");
        }
        return check(new Span(name, dtype(name, dtype), dimensions(name, shape), offsets[0], offsets[1]));
    }

    private long[] readNumbers(JsonParser parser, String name, String key) {
        expect(parser.currentToken() == JsonToken.START_ARRAY, name + ": " + key + " is not an array");
        var numbers = new ArrayList<Long>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(
                    parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                            && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER,
                    name + ": " + key + " holds something that is no 64-bit integer");
            numbers.add(parser.getLongValue());
        }
        return numbers.stream().mapToLong(Long::longValue).toArray();
    }

    private DType dtype(String name, String dtype) {
        for (var known : DType.values()) {
            if (known.name().equals(dtype)) {
                return known;
            }
        }
        throw new ModelLoadException(fileName + ": " + name + ": element type \"" + dtype + "\" is not supported");
    }

    private int[] dimensions(String name, long[] shape) {
        var dimensions = new int[shape.length];
        for (var i = 0; i < shape.length; i++) {
            expect(
                    shape[i] >= 0 && shape[i] <= Integer.MAX_VALUE,
                    name + ": dimension " + shape[i] + " is out of range");
            dimensions[i] = (int) shape[i];
        }
        return dimensions;
    }

    private Span check(Span span) {
        expect(
                span.begin >= 0 && span.begin <= span.end && span.end <= data.byteSize(),
                span.name + ": bytes " + span.begin + " to " + span.end + " lie outside the file's " + data.byteSize()
                        + " data bytes; the file is truncated or damaged");
        long elements = 1;
        for (var dimension : span.shape) {
            var high = Math.multiplyHigh(elements, dimension);
            elements *= dimension;
            expect(high == 0 && elements >= 0 && elements <= Long.MAX_VALUE / 8, span.name + ": the shape is absurd");
        }
        expect(
                elements * span.dtype.byteSize() == span.end - span.begin,
                span.name + ": shape and element type need " + elements * span.dtype.byteSize()
                        + " bytes, the file has " + (span.end - span.begin));
        return span;
    }

    private List<TensorInfo> cut(List<Span> spans) {
        spans.sort(Comparator.comparingLong(Span::begin).thenComparingLong(Span::end));
        var names = new HashSet<String>();
        var tensors = new ArrayList<TensorInfo>(spans.size());
        @Nullable Span previous = null;
        for (var span : spans) {
            expect(names.add(span.name), span.name + ": occurs twice");
            expect(
                    previous == null || previous.end <= span.begin,
                    span.name + ": overlaps " + (previous == null ? "" : previous.name));
            tensors.add(
                    new TensorInfo(span.name, span.dtype, span.shape, data.asSlice(span.begin, span.end - span.begin)));
            previous = span;
        }
        return tensors;
    }

    private void expect(boolean holds, String problem) {
        if (!holds) {
            throw new ModelLoadException(fileName + ": " + problem);
        }
    }
}
