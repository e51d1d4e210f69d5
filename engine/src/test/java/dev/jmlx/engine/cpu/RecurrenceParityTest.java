package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.StateShape;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/// Recurrent operations of [CpuOps] against [ScalarOps]: two sequences side by side, in two steps, so that the
/// second one begins with what the first has left.
///
/// Both round the state to f32 after each token; errors of sums of n products add up over the tokens, relative
/// to the largest result of the row.
class RecurrenceParityTest {
    /// For prepared activations: small, and freed by the collector.
    private static final Arena MEMORY = Arena.ofAuto();

    private static final double TOLERANCE = 1e-5;
    private static final CpuOps[] THREADS = {new CpuOps(1, Precision.EXACT), new CpuOps(3, Precision.EXACT)};

    /// One step of an operation on the rows of several matrices.
    @FunctionalInterface
    private interface Step {
        Tensor apply(Ops ops, Tensor[] inputs, Batch batch, KvCache.State state);
    }

    @AfterContainer
    static void endThreads() {
        for (var ops : THREADS) {
            ops.close();
        }
    }

    @Property(tries = 40)
    void convolves(
            @ForAll @IntRange(min = 1, max = 1300) int channels,
            @ForAll @IntRange(min = 1, max = 5) int length,
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll boolean isActivated,
            @ForAll boolean hasBias,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var taps = IntStream.range(0, length)
                    .mapToObj(_ -> random.values(channels))
                    .toArray(float[][]::new);
            var bias = hasBias ? new DenseVector(random.values(channels)) : null;
            var convolution = new Convolution(taps, bias, isActivated);
            var x = random.activations(4 * tokens, channels);
            compare(
                    tokens,
                    3 + convolution.stateFloats(),
                    List.of(x),
                    (ops, in, batch, state) -> ops.convolution(in[0], convolution, batch, state, 3));
        }
    }

    @Property(tries = 40)
    void followsTheDeltaRule(
            @ForAll @IntRange(min = 1, max = 3) int keyHeads,
            @ForAll @IntRange(min = 1, max = 3) int share,
            @ForAll @IntRange(min = 1, max = 40) int keyDim,
            @ForAll @IntRange(min = 1, max = 70) int valueDim,
            @ForAll @IntRange(min = 1, max = 12) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var heads = keyHeads * share;
            var rule = new DeltaRule(
                    keyHeads,
                    keyDim,
                    heads,
                    valueDim,
                    new DenseVector(random.values(heads)),
                    new DenseVector(random.values(heads)));
            var inputs = List.of(
                    random.activations(4 * tokens, rule.width()),
                    random.activations(4 * tokens, heads),
                    random.activations(4 * tokens, heads));
            compare(
                    tokens,
                    rule.stateFloats(),
                    inputs,
                    (ops, in, batch, state) -> ops.deltaRule(in[0], in[1], in[2], rule, batch, state, 0));
        }
    }

    @Property(tries = 40)
    void runsTheStateSpace(
            @ForAll @IntRange(min = 1, max = 3) int groups,
            @ForAll @IntRange(min = 1, max = 3) int share,
            @ForAll @IntRange(min = 1, max = 70) int headDim,
            @ForAll @IntRange(min = 1, max = 40) int stateSize,
            @ForAll @IntRange(min = 1, max = 12) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var heads = groups * share;
            var space = new StateSpace(
                    heads,
                    headDim,
                    groups,
                    stateSize,
                    new DenseVector(random.values(heads)),
                    new DenseVector(random.values(heads)),
                    new DenseVector(random.values(heads)),
                    0.001f,
                    100);
            var inputs = List.of(random.activations(4 * tokens, space.width()), random.activations(4 * tokens, heads));
            compare(
                    tokens,
                    space.stateFloats(),
                    inputs,
                    (ops, in, batch, state) -> ops.stateSpace(in[0], in[1], space, batch, state, 0));
        }
    }

    private static void compare(int tokens, int floats, List<Matrix.Dense> inputs, Step step) {
        var expected = run(new ScalarOps(), tokens, floats, inputs, step);
        for (var ops : THREADS) {
            var actual = run(ops, tokens, floats, inputs, step);
            for (var row = 0; row < expected.length; row++) {
                var largest = 1f; // the size of the terms, which may cancel
                for (var value : expected[row]) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (var i = 0; i < expected[row].length; i++) {
                    assertThat(Math.abs((double) actual[row][i] - expected[row][i]))
                            .as("row %d, column %d: %s for %s", row, i, actual[row][i], expected[row][i])
                            .isLessThanOrEqualTo(TOLERANCE * largest);
                }
            }
        }
    }

    /// The results of both steps.
    private static float[][] run(Ops ops, int tokens, int floats, List<Matrix.Dense> inputs, Step step) {
        try (var caches = new KvCaches(CacheType.F32, List.of(new StateShape(floats)), 2, 1000)) {
            var rows = new float[4 * tokens][];
            for (var pass = 0; pass < 2; pass++) {
                var batch = new Batch(2 * tokens, 2);
                for (var slot = 0; slot < 2; slot++) {
                    caches.reserve(slot, (pass + 1) * tokens);
                    var ids = IntStream.range(0, tokens).toArray();
                    for (var i = 0; i < tokens; i++) {
                        ids[i] = (2 * pass + slot) * tokens + i;
                    }
                    batch.add(slot, pass * tokens, ids, 0, tokens, Batch.Logits.NONE);
                }
                ops.beginStep();
                var tensors = inputs.stream()
                        .map(input -> ops.embed(ops.prepare(input, MEMORY), batch))
                        .toArray(Tensor[]::new);
                var result = step.apply(ops, tensors, batch, (KvCache.State) caches.layer(0));
                for (var row = 0; row < 2 * tokens; row++) {
                    rows[2 * pass * tokens + row] = new float[result.cols()];
                    ops.readRow(result, row, rows[2 * pass * tokens + row]);
                }
            }
            return rows;
        }
    }
}
