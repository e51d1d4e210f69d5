package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;

/// Mixtures of experts and operations head by head of [CpuOps] against [ScalarOps].
///
/// The tolerance is that of two sums of products behind each other, relative to the largest result of the row.
class ExpertsParityTest {
    private static final Arena MEMORY = Arena.ofAuto();
    private static final double ULP = 0x1p-24;
    private static final CpuOps[] THREADS = {new CpuOps(1, Precision.EXACT), new CpuOps(2, Precision.EXACT)};

    @AfterContainer
    static void endThreads() {
        for (var ops : THREADS) {
            ops.close();
        }
    }

    @Property(tries = 40)
    void mixesExperts(
            @ForAll @IntRange(min = 1, max = 3) int perGroup,
            @ForAll @IntRange(min = 1, max = 3) int groups,
            @ForAll @IntRange(min = 1, max = 9) int topK,
            @ForAll Routing.Kind kind,
            @ForAll boolean hasBias,
            @ForAll boolean hasGate,
            @ForAll @IntRange(min = 1, max = 40) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            var count = perGroup * groups;
            var correction = kind == Routing.Kind.SIGMOID ? new DenseVector(random.values(count)) : null;
            var routing = new Routing(kind, Math.min(topK, perGroup), seed % 2 == 0, 1.5f, correction, groups, groups);
            var activation = hasGate ? Activation.SILU : Activation.RELU;
            var weights = IntStream.range(0, count)
                    .mapToObj(_ -> expert(random, hasBias, hasGate))
                    .toList();
            var x = random.activations(tokens, 64);
            var scores = random.activations(tokens, count);
            compare(tokens, 64, 12 * Math.sqrt(64 + 96) * ULP, ops -> {
                var experts =
                        new Experts(weights.stream().map(e -> prepared(ops, e)).toList(), activation);
                return ops.moe(embedded(ops, x, tokens), embedded(ops, scores, tokens), routing, experts);
            });
        }
    }

    @Property(tries = 20)
    void multipliesHeadByHead(
            @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 1, max = 70) int in,
            @ForAll @IntRange(min = 1, max = 70) int out,
            @ForAll @IntRange(min = 1, max = 20) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var random = new RandomWeights(seed, arena);
            List<Matrix> weights = IntStream.range(0, heads)
                    .<Matrix>mapToObj(_ -> random.dense(out, in, random.values(out * in)))
                    .toList();
            var x = random.activations(tokens, heads * in);
            // Sums of products of numbers around 1, whose terms may cancel in a row of one.
            compare(tokens, heads * out, 8 * Math.sqrt(in) * ULP, (float) Math.sqrt(in), ops -> {
                var prepared = weights.stream().map(w -> ops.prepare(w, MEMORY)).toList();
                return ops.perHead(embedded(ops, x, tokens), prepared);
            });
        }
    }

    @Property(tries = 20)
    void cutsAndJoinsHeads(
            @ForAll @IntRange(min = 1, max = 5) int heads,
            @ForAll @IntRange(min = 2, max = 40) int size,
            @ForAll @IntRange(min = 1, max = 10) int tokens,
            @ForAll long seed) {
        try (var arena = Arena.ofShared()) {
            var x = new RandomWeights(seed, arena).activations(tokens, heads * size);
            var cut = 1 + (int) Math.floorMod(seed, (long) size - 1);
            for (var ops : new Ops[] {new ScalarOps(), THREADS[0]}) {
                ops.beginStep();
                var all = embedded(ops, x, tokens);
                var joined = ops.joinHeads(
                        ops.headColumns(all, heads, 0, cut), ops.headColumns(all, heads, cut, size), heads);
                var expected = new float[heads * size];
                var actual = new float[heads * size];
                for (var row = 0; row < tokens; row++) {
                    ops.readRow(all, row, expected);
                    ops.readRow(joined, row, actual);
                    assertThat(actual).isEqualTo(expected);
                }
            }
        }
    }

    private static Experts.Expert expert(RandomWeights random, boolean hasBias, boolean hasGate) {
        return new Experts.Expert(
                hasGate ? random.quantized(96, 64, 4, 32, DType.BF16) : null,
                hasGate && hasBias ? new DenseVector(random.values(96)) : null,
                random.quantized(96, 64, 4, 32, DType.BF16),
                hasBias ? new DenseVector(random.values(96)) : null,
                random.quantized(64, 96, 4, 32, DType.BF16),
                hasBias ? new DenseVector(random.values(64)) : null);
    }

    private static Experts.Expert prepared(Ops ops, Experts.Expert expert) {
        var gate = expert.gateProj();
        return new Experts.Expert(
                gate == null ? null : ops.prepare(gate, MEMORY),
                expert.gateBias(),
                ops.prepare(expert.upProj(), MEMORY),
                expert.upBias(),
                ops.prepare(expert.downProj(), MEMORY),
                expert.downBias());
    }

    private static void compare(int rows, int cols, double relative, Function<Ops, Tensor> run) {
        compare(rows, cols, relative, 1e-6f, run);
    }

    /// Relative to the largest of a row, or to `least` where that is more.
    private static void compare(int rows, int cols, double relative, float least, Function<Ops, Tensor> run) {
        var expected = values(new ScalarOps(), rows, cols, run);
        for (var ops : THREADS) {
            var actual = values(ops, rows, cols, run);
            for (var row = 0; row < rows; row++) {
                var largest = least;
                for (var value : expected[row]) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (var i = 0; i < cols; i++) {
                    assertThat(Math.abs((double) actual[row][i] - expected[row][i]))
                            .as("row %d, column %d: %s for %s", row, i, actual[row][i], expected[row][i])
                            .isLessThanOrEqualTo(relative * largest);
                }
            }
        }
    }

    private static float[][] values(Ops ops, int rows, int cols, Function<Ops, Tensor> run) {
        ops.beginStep();
        var result = run.apply(ops);
        assertThat(result.cols()).isEqualTo(cols);
        var values = new float[rows][cols];
        for (var row = 0; row < rows; row++) {
            ops.readRow(result, row, values[row]);
        }
        return values;
    }

    private static Tensor embedded(Ops ops, Matrix x, int tokens) {
        var batch = new Batch(tokens, 1);
        batch.add(0, 0, IntStream.range(0, tokens).toArray(), 0, tokens, Batch.Logits.NONE);
        return ops.embed(ops.prepare(x, MEMORY), batch);
    }
}
