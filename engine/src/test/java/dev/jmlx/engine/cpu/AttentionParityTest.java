package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import org.jspecify.annotations.Nullable;

/// Attention of [CpuOps] against [ScalarOps] with each type of cache, over sizes that leave remainders
/// everywhere.
///
/// Both round keys and values to the cache's type with the same code, so that what they may differ by is the
/// rounding of sums: that of a dot product of `headDim` terms in f32, relative to the largest element of the
/// row. Rotated keys differ by a rounding of f32 before that, which may flip a rounding to a smaller type;
/// rotation has its own property with f32.
class AttentionParityTest {
    /// For prepared activations: small, and freed by the collector.
    private static final Arena MEMORY = Arena.ofAuto();
    private static final double ULP = 0x1p-24;
    private static final AttentionSpec SPEC = AttentionSpec.of(0.3f, null);
    private static final CpuOps[] THREADS = {
        new CpuOps(1, Precision.EXACT), new CpuOps(2, Precision.EXACT), new CpuOps(5, Precision.EXACT)
    };

    /// Values are random numbers times `magnitude`, and so are keys where that makes them smaller:
    /// large scores err more. `valueDim`: 0 where values have rows of their own, else those of latents.
    private record Shape(int kvHeads, int group, int headDim, CacheType type, float magnitude, int valueDim) {
        Shape(int kvHeads, int group, int headDim, CacheType type, float magnitude) {
            this(kvHeads, group, headDim, type, magnitude, 0);
        }

        CacheShape cache(Reach reach) {
            return valueDim == 0 ? new CacheShape(kvHeads, headDim, reach) : CacheShape.latent(headDim, valueDim);
        }
    }

    /// What is not plain about it.
    private record Rule(@Nullable RopeTable rope, Reach reach, float softcap, boolean hasSinks) {
        static final Rule PLAIN = new Rule(null, Reach.ALL, 0, false);
    }

    @AfterContainer
    static void endThreads() {
        for (var ops : THREADS) {
            ops.close();
        }
    }

    @Property(tries = 40)
    void attendsInSeveralSegments(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 3) int kvHeads,
            @ForAll @IntRange(min = 1, max = 7) int group,
            @ForAll @IntRange(min = 1, max = 24) int quarterDim,
            @ForAll @IntRange(min = 0, max = 600) int past,
            @ForAll @IntRange(min = 1, max = 70) int tokens,
            @ForAll long seed) {
        var shape = new Shape(kvHeads, group, 4 * quarterDim, type, 1);
        compare(shape, new int[] {past, 0, past / 2}, new int[] {tokens, 1, 3}, Rule.PLAIN, seed);
    }

    @Property(tries = 15)
    void rotatesBeforeItStores(
            @ForAll @IntRange(min = 1, max = 24) int quarterDim,
            @ForAll @IntRange(min = 0, max = 300) int past,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll boolean interleaved,
            @ForAll boolean partly,
            @ForAll long seed) {
        var headDim = 4 * quarterDim;
        var rope = rope(headDim / (partly ? 4 : 2), interleaved);
        var rule = new Rule(rope, Reach.ALL, 0, false);
        compare(new Shape(2, 2, headDim, CacheType.F32, 1), new int[] {past, 0}, new int[] {tokens, 1}, rule, seed);
    }

    @Property(tries = 40)
    void attendsWithinItsReach(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 7) int group,
            @ForAll @IntRange(min = 1, max = 400) int size,
            @ForAll boolean isChunk,
            @ForAll @IntRange(min = 0, max = 600) int past,
            @ForAll @IntRange(min = 1, max = 70) int tokens,
            @ForAll long seed) {
        var rule = new Rule(null, isChunk ? new Reach.Chunk(size) : new Reach.Window(size), 0, false);
        compare(new Shape(2, group, 16, type, 1), new int[] {past, 0}, new int[] {tokens, 1}, rule, seed);
    }

    @Property(tries = 30)
    void countsSinksOnce(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 7) int group,
            @ForAll boolean isWindow,
            @ForAll @IntRange(min = 0, max = 600) int past,
            @ForAll @IntRange(min = 1, max = 70) int tokens,
            @ForAll long seed) {
        var rule = new Rule(null, isWindow ? new Reach.Window(100) : Reach.ALL, 0, true);
        compare(new Shape(2, group, 16, type, 1), new int[] {past, 0}, new int[] {tokens, 1}, rule, seed);
    }

    @Property(tries = 30)
    void boundsScores(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 50) int cap,
            @ForAll @IntRange(min = 0, max = 600) int past,
            @ForAll @IntRange(min = 1, max = 70) int tokens,
            @ForAll long seed) {
        var rule = new Rule(null, Reach.ALL, cap / 5f, false);
        compare(new Shape(2, 3, 16, type, 1), new int[] {past, 0}, new int[] {tokens, 1}, rule, seed);
    }

    @Property(tries = 10)
    void decodesManySequencesTogether(
            @ForAll CacheType type, @ForAll @IntRange(min = 1, max = 16) int group, @ForAll long seed) {
        var past = new int[] {0, 1, 63, 64, 255, 256, 700};
        compare(new Shape(2, group, 64, type, 1), past, new int[] {1, 1, 1, 1, 1, 1, 1}, Rule.PLAIN, seed);
    }

    @Property(tries = 12)
    void attendsWithMoreHeadsThanATileHasRows(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 30, max = 40) int group,
            @ForAll @IntRange(min = 1, max = 9) int tokens) {
        compare(new Shape(1, group, 16, type, 1), new int[] {5}, new int[] {tokens}, Rule.PLAIN, group);
    }

    @Property(tries = 12)
    void attendsWithWideHeads(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 0, max = 2) int index,
            @ForAll @IntRange(min = 1, max = 40) int tokens) {
        var headDim = new int[] {128, 192, 256}[index];
        compare(new Shape(1, 2, headDim, type, 1), new int[] {90}, new int[] {tokens}, Rule.PLAIN, index);
    }

    @Property(tries = 40)
    void attendsToLatents(
            @ForAll CacheType type,
            @ForAll @IntRange(min = 1, max = 40) int heads,
            @ForAll @IntRange(min = 1, max = 90) int valueDim,
            @ForAll @IntRange(min = 0, max = 30) int more,
            @ForAll @IntRange(min = 0, max = 600) int past,
            @ForAll @IntRange(min = 1, max = 70) int tokens,
            @ForAll long seed) {
        var shape = new Shape(1, heads, valueDim + more, type, 1, valueDim);
        compare(shape, new int[] {past, 0, past / 2}, new int[] {tokens, 1, 3}, Rule.PLAIN, seed);
    }

    /// Down to where f16 would be subnormal, and up to where it saturates.
    @Property(tries = 30)
    void holdsForElementsOfAnySize(
            @ForAll CacheType type,
            @ForAll @IntRange(min = -18, max = 16) int exponent,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        compare(
                new Shape(1, 3, 32, type, (float) Math.pow(2, exponent)),
                new int[] {70},
                new int[] {tokens},
                Rule.PLAIN,
                seed);
    }

    @Example
    void memoryOfAnotherSequenceDoesNotShine() {
        var nan = Float.NaN;
        for (var type : new CacheType[] {CacheType.F32, CacheType.BF16, CacheType.INT8}) {
            try (var caches = new KvCaches(type, CacheShape.full(1, 1, 20), 2, 1024);
                    var arena = Arena.ofShared()) {
                var random = new RandomWeights(1, arena);
                caches.reserve(0, 256);
                caches.full(0).block(0, 0).fill((byte) 0xff);
                caches.release(0);
                caches.reserve(1, 70);
                for (var tokens : new int[] {40, 30}) {
                    var x = random.activations(tokens, 20);
                    var batch = new Batch(tokens, 1);
                    batch.add(1, tokens == 40 ? 0 : 40, ids(0, tokens), 0, tokens, Batch.Logits.NONE);
                    THREADS[1].beginStep();
                    var row = new float[20];
                    THREADS[1].readRow(attend(THREADS[1], x, x, x, SPEC, batch, caches), tokens - 1, row);
                    assertThat(row).as(type.name()).doesNotContain(nan);
                }
            }
        }
    }

    private static void compare(Shape shape, int[] past, int[] tokens, Rule rule, long seed) {
        var expected = run(new ScalarOps(), shape, past, tokens, rule, seed);
        var tolerance = 40 * Math.sqrt(shape.headDim) * ULP;
        for (var ops : THREADS) {
            var actual = run(ops, shape, past, tokens, rule, seed);
            for (var row = 0; row < expected.length; row++) {
                var largest = 0f;
                for (var value : expected[row]) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (var i = 0; i < expected[row].length; i++) {
                    assertThat(Math.abs((double) actual[row][i] - expected[row][i]))
                            .as("row %d, column %d: %s for %s", row, i, actual[row][i], expected[row][i])
                            .isLessThanOrEqualTo(tolerance * largest);
                }
            }
        }
    }

    private static float[][] run(Ops ops, Shape shape, int[] past, int[] tokens, Rule rule, long seed) {
        var steps = new Batch(4096, past.length);
        var history = new Batch(4096, past.length);
        var count = 0;
        for (var slot = 0; slot < past.length; slot++) {
            if (past[slot] > 0) {
                history.add(slot, 0, ids(history.tokenCount(), past[slot]), 0, past[slot], Batch.Logits.NONE);
            }
            steps.add(slot, past[slot], ids(count, tokens[slot]), 0, tokens[slot], Batch.Logits.NONE);
            count += tokens[slot];
        }
        try (var arena = Arena.ofShared();
                var caches = new KvCaches(shape.type, List.of(shape.cache(rule.reach)), past.length, 1024)) {
            var random = new RandomWeights(seed, arena);
            var rows = Math.max(count, history.tokenCount());
            var q = random.activations(rows, shape.kvHeads * shape.group * shape.headDim);
            var k = scaled(random, rows, shape, Math.min(1, shape.magnitude));
            var v = scaled(random, rows, shape, shape.magnitude);
            var sinks = rule.hasSinks ? new DenseVector(random.values(shape.kvHeads * shape.group)) : null;
            var spec = new AttentionSpec(0.3f, rule.rope, rule.softcap, sinks);
            for (var slot = 0; slot < past.length; slot++) {
                caches.reserve(slot, past[slot]);
            }
            if (history.tokenCount() > 0) {
                ops.beginStep();
                attend(ops, q, k, v, spec, history, caches);
            }
            for (var slot = 0; slot < past.length; slot++) {
                caches.reserve(slot, past[slot] + tokens[slot]);
            }
            ops.beginStep();
            return rows(ops, attend(ops, q, k, v, spec, steps, caches));
        }
    }

    private static Matrix.Dense scaled(RandomWeights random, int rows, Shape shape, float magnitude) {
        var values = random.values(rows * shape.kvHeads * shape.headDim);
        for (var i = 0; i < values.length; i++) {
            values[i] *= magnitude;
        }
        return random.dense(rows, shape.kvHeads * shape.headDim, values);
    }

    private static Tensor attend(
            Ops ops, Matrix q, Matrix k, Matrix v, AttentionSpec spec, Batch batch, KvCaches caches) {
        var isLatent = caches.full(0).isLatent();
        return ops.attention(
                ops.embed(ops.prepare(q, MEMORY), batch),
                ops.embed(ops.prepare(k, MEMORY), batch),
                isLatent ? null : ops.embed(ops.prepare(v, MEMORY), batch),
                spec,
                batch,
                caches.full(0));
    }

    private static float[][] rows(Ops ops, Tensor x) {
        var rows = new float[x.rows()][x.cols()];
        for (var r = 0; r < rows.length; r++) {
            ops.readRow(x, r, rows[r]);
        }
        return rows;
    }

    private static RopeTable rope(int pairs, boolean interleaved) {
        var frequencies = new float[pairs];
        for (var i = 0; i < pairs; i++) {
            frequencies[i] = (float) Math.pow(10_000, -(double) i / pairs);
        }
        return new RopeTable(frequencies, interleaved);
    }

    private static int[] ids(int from, int count) {
        return IntStream.range(from, from + count).toArray();
    }
}
