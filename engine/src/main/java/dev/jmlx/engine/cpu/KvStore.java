package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Writes keys and values to a cache, rounded to its type; the scratch of one worker.
final class KvStore {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float INT8_LARGEST = 127;

    /// 1.5 * 2^23: added to a small float it leaves the nearest integer in the low mantissa bits.
    private static final float ROUND = 12582912f;

    private static final int HALF_SHIFT = 13;
    private static final int HALF_SIGN = 0x8000;
    private static final int MAGNITUDE = 0x7fff_ffff;
    private static final int LARGEST_HALF = Float.floatToRawIntBits(65504);
    private static final int SMALLEST_NORMAL_HALF = Float.floatToRawIntBits(0x1p-14f);

    /// The difference of the exponents' biases, in place, and just less than half of what the shift
    /// drops.
    private static final int HALF_ROUNDING = 0xfff - (112 << 23);

    private float[] floats = new float[0];
    private short[] halves = new short[0];
    private int[] wholes = new int[0];

    /// Stores the keys of all heads at `keys[keysAt ..]` and the values at `values[valuesAt ..]` for
    /// one position; of latents the keys alone.
    void store(float[] keys, int keysAt, float[] values, int valuesAt, KvCache.Full cache, int slot, int position) {
        var headDim = cache.headDim();
        var valueDim = cache.valueDim();
        reserve(Lanes.roundUp(Math.max(headDim, valueDim)));
        var block = cache.block(slot, position);
        for (var head = 0; head < cache.kvHeads(); head++) {
            var key = cache.keys(head, position);
            System.arraycopy(keys, keysAt + head * headDim, floats, 0, headDim);
            put(headDim, cache.type(), block, key, cache.keyStep(), cache.keyScale(head, position));
            if (cache.isLatent()) {
                continue;
            }
            var value = cache.values(head, position);
            System.arraycopy(values, valuesAt + head * valueDim, floats, 0, valueDim);
            put(valueDim, cache.type(), block, value, 1, cache.valueScale(head, position));
        }
    }

    private void reserve(int count) {
        if (floats.length < count) {
            floats = new float[count];
            halves = new short[count];
            wholes = new int[count];
        }
    }

    /// Writes the first `count` of [#floats] from byte `at` on, `step` elements apart.
    private void put(int count, CacheType type, MemorySegment block, long at, int step, long scaleAt) {
        switch (type) {
            case F32 -> putFloats(block, at, (long) step * Float.BYTES, count);
            case F16 -> {
                roundToHalves(count);
                putHalves(block, at, (long) step * Short.BYTES, count);
            }
            case BF16 -> {
                roundToBrainFloats(count);
                putHalves(block, at, (long) step * Short.BYTES, count);
            }
            case INT8 -> {
                block.set(FLOAT, scaleAt, roundToWholes(count));
                putBytes(block, at, step, count);
            }
        }
    }

    private void putFloats(MemorySegment block, long at, long step, int count) {
        for (var d = 0; d < count; d++) {
            block.set(FLOAT, at + d * step, floats[d]);
        }
    }

    private void putHalves(MemorySegment block, long at, long step, int count) {
        for (var d = 0; d < count; d++) {
            block.set(SHORT, at + d * step, halves[d]);
        }
    }

    private void putBytes(MemorySegment block, long at, long step, int count) {
        for (var d = 0; d < count; d++) {
            block.set(ValueLayout.JAVA_BYTE, at + d * step, (byte) wholes[d]);
        }
    }

    /// To the nearest, ties to even; what is too large to the largest, what would be subnormal to 0.
    private void roundToHalves(int count) {
        for (var i = 0; i < count; i += Lanes.COUNT) {
            var bits = (IntVector) FloatVector.fromArray(Lanes.FLOAT, floats, i).reinterpretShape(Lanes.INT, 0);
            var magnitude = bits.and(MAGNITUDE);
            var bounded = magnitude.min(LARGEST_HALF);
            var odd = bounded.lanewise(VectorOperators.LSHR, HALF_SHIFT).and(1);
            bounded.add(odd)
                    .add(HALF_ROUNDING)
                    .lanewise(VectorOperators.LSHR, HALF_SHIFT)
                    .blend(0, magnitude.compare(VectorOperators.LT, SMALLEST_NORMAL_HALF))
                    .or(bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(HALF_SIGN))
                    .convertShape(VectorOperators.I2S, Lanes.HALF, 0)
                    .reinterpretAsShorts()
                    .intoArray(halves, i);
        }
    }

    /// To the nearest, ties to even.
    private void roundToBrainFloats(int count) {
        for (var i = 0; i < count; i += Lanes.COUNT) {
            var bits = (IntVector) FloatVector.fromArray(Lanes.FLOAT, floats, i).reinterpretShape(Lanes.INT, 0);
            var odd = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1);
            bits.add(odd)
                    .add(0x7fff)
                    .lanewise(VectorOperators.LSHR, Short.SIZE)
                    .convertShape(VectorOperators.I2S, Lanes.HALF, 0)
                    .reinterpretAsShorts()
                    .intoArray(halves, i);
        }
    }

    /// To the nearest multiple of the returned scale.
    private float roundToWholes(int count) {
        var largest = 0f;
        for (var i = 0; i < count; i++) {
            largest = Math.max(largest, Math.abs(floats[i]));
        }
        var inverse = largest == 0 ? 0 : INT8_LARGEST / largest;
        for (var i = 0; i < count; i += Lanes.COUNT) {
            FloatVector.fromArray(Lanes.FLOAT, floats, i)
                    .mul(inverse)
                    .add(ROUND)
                    .reinterpretAsInts()
                    .intoArray(wholes, i);
        }
        return largest / INT8_LARGEST;
    }
}
