package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.RopeTable;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Attention by its definition, for [ScalarOps]: token after token, head after head, all scores at once in
/// double.
///
/// One thread. Writes the rotated keys and the values to the cache with [KvStore], so that both round them
/// alike, and reads them back element by element.
final class ScalarAttention {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private ScalarAttention() {}

    static void apply(
            CpuTensor q,
            @Nullable CpuTensor k,
            @Nullable CpuTensor v,
            AttentionSpec spec,
            Batch batch,
            KvCache.Full cache,
            @Nullable CpuTensor chosen,
            CpuTensor out) {
        var rope = spec.rope();
        var headDim = cache.headDim();
        var store = new KvStore();
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var slot = batch.segmentSlot(segment);
            for (var row = batch.segmentStart(segment); row < batch.segmentStart(segment + 1); row++) {
                var position = batch.position(row);
                if (rope != null) {
                    rotate(q, row, headDim, position, rope);
                }
                if (k != null) {
                    var values = v == null ? k : v;
                    if (rope != null) {
                        rotate(k, row, headDim, position, rope);
                    }
                    store.store(
                            k.data(), k.rowOffset(row), values.data(), values.rowOffset(row), cache, slot, position);
                }
                var positions = chosen == null || position < chosen.cols()
                        ? IntStream.rangeClosed(cache.reach().first(position), position)
                                .toArray()
                        : positions(chosen, row);
                for (var head = 0; head < q.cols() / headDim; head++) {
                    head(q, out, row, head, spec, cache, slot, positions);
                }
            }
        }
    }

    /// Turns the heads of one row in place.
    static void rotate(CpuTensor x, int row, int headDim, int position, RopeTable rope) {
        var pairs = rope.inverseFrequencies().length;
        for (var head = x.rowOffset(row); head < x.rowOffset(row) + x.cols(); head += headDim) {
            for (var pair = 0; pair < pairs; pair++) {
                var first = head + (rope.interleaved() ? 2 * pair : pair);
                var second = first + (rope.interleaved() ? 1 : pairs);
                double theta = (float) position * rope.inverseFrequencies()[pair];
                double a = x.data()[first];
                double b = x.data()[second];
                x.data()[first] = (float) (rope.factor() * (a * Math.cos(theta) - b * Math.sin(theta)));
                x.data()[second] = (float) (rope.factor() * (a * Math.sin(theta) + b * Math.cos(theta)));
            }
        }
    }

    private static int[] positions(CpuTensor chosen, int row) {
        return IntStream.range(0, chosen.cols())
                .map(i -> (int) chosen.data()[chosen.rowOffset(row) + i])
                .toArray();
    }

    private static void head(
            CpuTensor q,
            CpuTensor out,
            int row,
            int head,
            AttentionSpec spec,
            KvCache.Full cache,
            int slot,
            int[] positions) {
        var kvHead = head / Shapes.headsPerKvHead(q, cache);
        var to = row * out.cols() + head * cache.valueDim();
        var scores = new double[positions.length];
        var sink =
                spec.sinks() == null ? Double.NEGATIVE_INFINITY : spec.sinks().values()[head];
        var max = sink;
        for (var i = 0; i < positions.length; i++) {
            scores[i] = spec.scale() * product(q, row, head, cache, slot, kvHead, positions[i]);
            if (spec.softcap() > 0) {
                scores[i] = spec.softcap() * Math.tanh(scores[i] / spec.softcap());
            }
            max = Math.max(max, scores[i]);
        }
        var total = Math.exp(sink - max);
        for (var i = 0; i < positions.length; i++) {
            scores[i] = Math.exp(scores[i] - max);
            total += scores[i];
        }
        for (var d = 0; d < cache.valueDim(); d++) {
            var sum = 0.0;
            for (var i = 0; i < positions.length; i++) {
                sum += scores[i] * value(cache, slot, kvHead, positions[i], d);
            }
            out.data()[out.offset() + to + d] = (float) (sum / total);
        }
    }

    private static double product(
            CpuTensor q, int row, int head, KvCache.Full cache, int slot, int kvHead, int position) {
        var from = q.rowOffset(row) + head * cache.headDim();
        var sum = 0.0;
        for (var d = 0; d < cache.headDim(); d++) {
            sum += q.data()[from + d] * key(cache, slot, kvHead, position, d);
        }
        return sum;
    }

    /// The positions of [dev.jmlx.engine.ops.Ops#choosePositions], by sorting.
    static void choose(CpuTensor q, CpuTensor k, CpuTensor weights, Batch batch, KvCache.Full cache, CpuTensor out) {
        var store = new KvStore();
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            var slot = batch.segmentSlot(segment);
            for (var row = batch.segmentStart(segment); row < batch.segmentStart(segment + 1); row++) {
                var position = batch.position(row);
                store.store(k.data(), k.rowOffset(row), k.data(), k.rowOffset(row), cache, slot, position);
                var scores = new double[position + 1];
                for (var p = 0; p <= position; p++) {
                    for (var head = 0; head < weights.cols(); head++) {
                        var weight = weights.data()[weights.rowOffset(row) + head];
                        scores[p] += weight * Math.max(0, product(q, row, head, cache, slot, 0, p));
                    }
                }
                var chosen = IntStream.rangeClosed(0, position)
                        .boxed()
                        .sorted(Comparator.comparingDouble(p -> -scores[p]))
                        .limit(out.cols())
                        .sorted()
                        .toList();
                for (var i = 0; i < chosen.size(); i++) {
                    out.data()[out.rowOffset(row) + i] = chosen.get(i);
                }
            }
        }
    }

    private static double key(KvCache.Full cache, int slot, int kvHead, int position, int d) {
        var block = cache.block(slot, position);
        var at = cache.keys(kvHead, position)
                + (long) d * cache.keyStep() * cache.type().elementBytes();
        return element(block, at, cache.type(), cache.keyScale(kvHead, position));
    }

    private static double value(KvCache.Full cache, int slot, int kvHead, int position, int d) {
        var block = cache.block(slot, position);
        var at = cache.values(kvHead, position) + (long) d * cache.type().elementBytes();
        return element(block, at, cache.type(), cache.valueScale(kvHead, position));
    }

    private static double element(MemorySegment block, long at, CacheType type, long scaleAt) {
        return switch (type) {
            case F32 -> block.get(FLOAT, at);
            case F16 -> Float.float16ToFloat(block.get(SHORT, at));
            case BF16 -> Float.intBitsToFloat(block.get(SHORT, at) << Short.SIZE);
            case INT8 -> block.get(ValueLayout.JAVA_BYTE, at) * (double) block.get(FLOAT, scaleAt);
        };
    }
}
