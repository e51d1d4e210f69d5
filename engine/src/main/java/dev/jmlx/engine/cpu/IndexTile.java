package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/// Scores positions for one token: its heads are the rows of the products that [AttentionTile] has. The scratch
/// of one worker.
final class IndexTile {
    /// Positions at a time; divides the cache's block.
    static final int STRETCH = 256;

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final float[] scales = new float[STRETCH];
    private float[] queries = new float[0];
    private float[] weights = new float[0];
    private float[] products = new float[0];
    private int heads;

    /// Takes the token of `row`.
    void load(CpuTensor q, CpuTensor headWeights, int row, KvCache.Full cache) {
        heads = headWeights.cols();
        if (queries.length < q.cols() || weights.length < heads) {
            queries = new float[q.cols()];
            weights = new float[heads];
            products = new float[heads * STRETCH];
        }
        // Keys of f16 are widened times 2^-112; any factor keeps the order of scores, and this one their range.
        var factor = cache.type() == CacheType.F16 ? 0x1p100f : 1;
        for (var i = 0; i < q.cols(); i++) {
            queries[i] = q.data()[q.rowOffset(row) + i] * factor;
        }
        System.arraycopy(headWeights.data(), headWeights.rowOffset(row), weights, 0, heads);
    }

    /// Writes the scores of the positions `from .. to - 1` to `out[at + from ..]`, and something to the rest of
    /// the last [#STRETCH]; `from` is the first of one.
    void score(KvCache.Full cache, int slot, int from, int to, float[] out, int at) {
        for (var first = from; first < to; first += STRETCH) {
            stretch(cache, cache.block(slot, first), first, Math.min(STRETCH, to - first));
            sum(out, at + first);
            if (cache.type() == CacheType.INT8) {
                MemorySegment.copy(cache.block(slot, first), FLOAT, cache.keyScale(0, first), scales, 0, STRETCH);
                SoftmaxRows.multiply(out, at + first, scales, STRETCH);
            }
        }
    }

    /// The products of all heads with the keys of `count` positions, in whole strips.
    private void stretch(KvCache.Full cache, MemorySegment block, int from, int count) {
        var strip = KvCache.Full.STRIP;
        Arrays.fill(products, 0, heads * STRETCH, 0);
        for (var column = 0; column < count; column += strip) {
            AttentionTile.multiply(
                    heads,
                    cache.type(),
                    block,
                    cache.keys(0, from + column),
                    strip,
                    cache.headDim(),
                    queries,
                    cache.headDim(),
                    products,
                    column,
                    STRETCH,
                    strip);
        }
    }

    /// `out[at + p] = sum over the heads of weight * max(0, product)`.
    private void sum(float[] out, int at) {
        for (var column = 0; column < STRETCH; column += Lanes.COUNT) {
            var sum = FloatVector.zero(Lanes.FLOAT);
            for (var head = 0; head < heads; head++) {
                sum = FloatVector.fromArray(Lanes.FLOAT, products, head * STRETCH + column)
                        .max(0)
                        .fma(FloatVector.broadcast(Lanes.FLOAT, weights[head]), sum);
            }
            sum.intoArray(out, at + column);
        }
    }
}
