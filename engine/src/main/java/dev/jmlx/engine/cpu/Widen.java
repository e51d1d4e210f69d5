package dev.jmlx.engine.cpu;

import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Copies stored floats of any type to f32 arrays: scales, biases and dense weights. Exact. Any thread.
final class Widen {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Widen() {}

    /// Widens elements `from .. from + count - 1` of `source` to `out[at ..]`; `raw` is scratch for
    /// `count` shorts.
    static void copy(MemorySegment source, DType type, long from, int count, float[] out, int at, short[] raw) {
        switch (type) {
            case F32 -> MemorySegment.copy(source, FLOAT, from * Float.BYTES, out, at, count);
            case F16 -> {
                MemorySegment.copy(source, SHORT, from * Short.BYTES, raw, 0, count);
                half(raw, count, out, at);
            }
            case BF16 -> {
                MemorySegment.copy(source, SHORT, from * Short.BYTES, raw, 0, count);
                brain(raw, count, out, at);
            }
            case U32, I32, U8 -> throw new IllegalArgumentException("weights of type " + type + " are not floats");
        }
    }

    /// C2 makes the machine's conversion instruction of this loop; the Vector API has no f16.
    private static void half(short[] raw, int count, float[] out, int at) {
        for (var i = 0; i < count; i++) {
            out[at + i] = Float.float16ToFloat(raw[i]);
        }
    }

    private static void brain(short[] raw, int count, float[] out, int at) {
        var i = 0;
        for (var bound = Lanes.FLOAT.loopBound(count); i < bound; i += Lanes.COUNT) {
            ShortVector.fromArray(Lanes.HALF, raw, i)
                    .convertShape(VectorOperators.ZERO_EXTEND_S2I, Lanes.INT, 0)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoArray(out, at + i);
        }
        for (; i < count; i++) {
            out[at + i] = Float.intBitsToFloat(raw[i] << 16);
        }
    }
}
