package dev.jmlx.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Attention of one token over a stretch of cached positions: vectors along the head, results to be merged with those
/// of other stretches. Any thread, with its own arrays.
final class DecodeAttention {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private DecodeAttention() {}

    /// `scores[to + p] = scale * dot(query, key p)` for `count` keys of `headDim` floats, the first at byte `keys` of
    /// `block`; returns the largest.
    static float scores(
            MemorySegment block,
            long keys,
            int count,
            int headDim,
            float[] query,
            int at,
            float scale,
            float[] scores,
            int to) {
        var bound = Lanes.FLOAT.loopBound(headDim);
        var max = Float.NEGATIVE_INFINITY;
        for (var p = 0; p < count; p++) {
            var key = keys + (long) p * headDim * Float.BYTES;
            var sum = FloatVector.zero(Lanes.FLOAT);
            for (var d = 0; d < bound; d += Lanes.COUNT) {
                sum = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, block, key + (long) d * Float.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.fromArray(Lanes.FLOAT, query, at + d), sum);
            }
            var score = sum.reduceLanes(VectorOperators.ADD);
            for (var d = bound; d < headDim; d++) {
                score += block.get(FLOAT, key + (long) d * Float.BYTES) * query[at + d];
            }
            score *= scale;
            scores[to + p] = score;
            max = Math.max(max, score);
        }
        return max;
    }

    /// `out[to + d] = sum over p of weights[at + p] * value[p, d]`, values laid out as the keys.
    static void weightedSum(
            MemorySegment block, long values, int count, int headDim, float[] weights, int at, float[] out, int to) {
        var bound = Lanes.FLOAT.loopBound(headDim);
        for (var d = 0; d < bound; d += Lanes.COUNT) {
            var even = FloatVector.zero(Lanes.FLOAT);
            var odd = FloatVector.zero(Lanes.FLOAT);
            var value = values + (long) d * Float.BYTES;
            var p = 0;
            for (; p < count - 1; p += 2) {
                var first = value + (long) p * headDim * Float.BYTES;
                even = FloatVector.fromMemorySegment(Lanes.FLOAT, block, first, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, weights[at + p]), even);
                odd = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, block, first + (long) headDim * Float.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, weights[at + p + 1]), odd);
            }
            if (p < count) {
                even = FloatVector.fromMemorySegment(
                                Lanes.FLOAT, block, value + (long) p * headDim * Float.BYTES, ByteOrder.LITTLE_ENDIAN)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, weights[at + p]), even);
            }
            even.add(odd).intoArray(out, to + d);
        }
        for (var d = bound; d < headDim; d++) {
            var sum = 0f;
            for (var p = 0; p < count; p++) {
                sum += weights[at + p] * block.get(FLOAT, values + ((long) p * headDim + d) * Float.BYTES);
            }
            out[to + d] = sum;
        }
    }
}
