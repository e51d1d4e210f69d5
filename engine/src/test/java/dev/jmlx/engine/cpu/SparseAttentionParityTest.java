package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.IndexedShape;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/// Sparse attention of [CpuOps] against [ScalarOps] with each type of cache.
///
/// What chooses positions is made of small whole numbers, whose products and sums every type holds: scores are
/// exact and often equal, and the same positions must come out. Attention then differs by the rounding of sums,
/// as in [AttentionParityTest].
class SparseAttentionParityTest {
    /// For prepared activations: small, and freed by the collector.
    private static final Arena MEMORY = Arena.ofAuto();
    private static final double ULP = 0x1p-24;
    private static final int INDEX_DIM = 12;
    private static final int INDEX_HEADS = 5;
    private static final int HEADS = 7;
    private static final int KEY_DIM = 40;
    private static final int VALUE_DIM = 24;
    private static final CpuOps[] THREADS = {new CpuOps(1, Precision.EXACT), new CpuOps(3, Precision.EXACT)};

    /// What the layer computes.
    private record Result(float[][] positions, float[][] attended) {}

    @AfterContainer
    static void endThreads() {
        for (var ops : THREADS) {
            ops.close();
        }
    }

    @Property(tries = 60)
    void attendsToTheSamePositions(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 400) int topK,
            @ForAll @IntRange(min = 0, max = 700) int past,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        var expected = run(new ScalarOps(), type, topK, past, tokens, seed);
        for (var ops : THREADS) {
            var actual = run(ops, type, topK, past, tokens, seed);
            for (var row = 0; row < expected.attended.length; row++) {
                // One sequence is at `past`, the other begins.
                var seen = row < tokens ? past + row + 1 : row - tokens + 1;
                for (var i = 0; i < Math.min(topK, seen); i++) {
                    assertThat(actual.positions[row][i])
                            .as("row %d of %d positions, choice %d", row, seen, i)
                            .isEqualTo(expected.positions[row][i]);
                }
                close(actual.attended[row], expected.attended[row], row);
            }
        }
    }

    private static void close(float[] actual, float[] expected, int row) {
        var largest = 0f;
        for (var value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (var i = 0; i < expected.length; i++) {
            assertThat(Math.abs((double) actual[i] - expected[i]))
                    .as("row %d, column %d: %s for %s", row, i, actual[i], expected[i])
                    .isLessThanOrEqualTo(40 * Math.sqrt(KEY_DIM) * ULP * largest);
        }
    }

    private static Result run(Ops ops, CacheType type, int topK, int past, int tokens, long seed) {
        var shape = new IndexedShape(CacheShape.latent(KEY_DIM, VALUE_DIM), new CacheShape(1, INDEX_DIM, 0, Reach.ALL));
        try (var arena = Arena.ofShared();
                var caches = new KvCaches(type, List.of(shape), 2, 1024)) {
            var layer = new Layer(seed, arena, past + 2 * tokens, topK, (KvCache.Indexed) caches.layer(0));
            if (past > 0) {
                caches.reserve(0, past);
                var history = new Batch(4096, 1);
                history.add(0, 0, ids(0, past), 0, past, Batch.Logits.NONE);
                ops.beginStep();
                layer.apply(ops, history);
            }
            caches.reserve(0, past + tokens);
            caches.reserve(1, tokens);
            var step = new Batch(4096, 2);
            step.add(0, past, ids(past, tokens), 0, tokens, Batch.Logits.NONE);
            step.add(1, 0, ids(past + tokens, tokens), 0, tokens, Batch.Logits.NONE);
            ops.beginStep();
            return layer.apply(ops, step);
        }
    }

    /// Activations of all tokens, and the caches.
    private static final class Layer {
        private final Matrix q;
        private final Matrix k;
        private final Matrix indexQ;
        private final Matrix indexK;
        private final Matrix weights;
        private final int topK;
        private final KvCache.Indexed cache;

        Layer(long seed, Arena arena, int rows, int topK, KvCache.Indexed cache) {
            var random = new RandomWeights(seed, arena);
            var whole = new Random(seed);
            this.topK = topK;
            this.cache = cache;
            q = random.activations(rows, HEADS * KEY_DIM);
            k = random.activations(rows, KEY_DIM);
            indexQ = random.dense(rows, INDEX_HEADS * INDEX_DIM, wholes(whole, rows * INDEX_HEADS * INDEX_DIM));
            var keys = wholes(whole, rows * INDEX_DIM);
            for (var row = 0; row < rows; row++) {
                // The largest of a row sets the scale of 8 bits: 1.
                keys[row * INDEX_DIM] = whole.nextBoolean() ? 127 : -127;
            }
            indexK = random.dense(rows, INDEX_DIM, keys);
            weights = random.dense(rows, INDEX_HEADS, wholes(whole, rows * INDEX_HEADS));
        }

        private static float[] wholes(Random random, int count) {
            var values = new float[count];
            for (var i = 0; i < count; i++) {
                values[i] = random.nextInt(-2, 3);
            }
            return values;
        }

        Result apply(Ops ops, Batch batch) {
            var positions = ops.choosePositions(
                    embedded(ops, indexQ, batch),
                    embedded(ops, indexK, batch),
                    embedded(ops, weights, batch),
                    topK,
                    batch,
                    cache.index());
            var attended = ops.sparseAttention(
                    embedded(ops, q, batch),
                    embedded(ops, k, batch),
                    positions,
                    AttentionSpec.of(0.2f, null),
                    batch,
                    cache.attended());
            return new Result(rows(ops, positions), rows(ops, attended));
        }

        private static Tensor embedded(Ops ops, Matrix values, Batch batch) {
            return ops.embed(ops.prepare(values, MEMORY), batch);
        }

        private static float[][] rows(Ops ops, Tensor x) {
            var rows = new float[x.rows()][x.cols()];
            for (var r = 0; r < rows.length; r++) {
                ops.readRow(x, r, rows[r]);
            }
            return rows;
        }
    }

    private static int[] ids(int from, int count) {
        return IntStream.range(from, from + count).toArray();
    }
}
