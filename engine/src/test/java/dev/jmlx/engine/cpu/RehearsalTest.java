package dev.jmlx.engine.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class RehearsalTest {
    private static final int HIDDEN = 192;
    private static final int VOCABULARY = 70;
    private static final int HEAD_DIM = 32;

    private final List<String> shapes = new ArrayList<>();

    private record Layer(Matrix table, Matrix query, Matrix key, Matrix value, Matrix gate, Matrix up, Matrix down) {}

    /// A forward pass that uses every operation.
    private Tensor forward(Ops ops, Layer layer, Batch batch, KvCache.Full cache) {
        var x = ops.embed(layer.table, batch);
        var normed = ops.rmsNorm(x, new DenseVector(new float[HIDDEN]), HIDDEN, 1e-5f);
        var q = ops.linear(normed, layer.query, new DenseVector(new float[HIDDEN]));
        var k = ops.linear(normed, layer.key, null);
        var v = ops.linear(normed, layer.value, null);
        var rope = new RopeTable(new float[HEAD_DIM / 2], false);
        x = ops.add(x, ops.attention(q, k, v, AttentionSpec.of(1, rope), batch, cache));
        ops.keepOnly(x);
        x = ops.add(x, ops.gatedMlp(x, layer.gate, layer.up, layer.down, Activation.SILU));
        var result = ops.linear(ops.logitRows(x, batch), layer.table, null);
        shapes.add(result.rows() + "x" + result.cols());
        return result;
    }

    private static Layer layer(Ops ops, Arena arena) {
        var random = new RandomWeights(1, arena);
        return new Layer(
                ops.prepare(random.quantized(VOCABULARY, HIDDEN, 6, 64, DType.BF16), arena),
                ops.prepare(random.quantized(HIDDEN, HIDDEN, 4, 32, DType.F16), arena),
                ops.prepare(random.dense(HEAD_DIM, HIDDEN, DType.BF16), arena),
                ops.prepare(random.quantized(HEAD_DIM, HIDDEN, 8, 32, DType.F16), arena),
                ops.prepare(random.quantized(128, HIDDEN, 3, 64, DType.F16), arena),
                ops.prepare(random.quantized(128, HIDDEN, 3, 64, DType.F16), arena),
                ops.prepare(random.quantized(HIDDEN, 128, 8, 128, DType.F32), arena));
    }

    private static Batch tokens(int count, int position) {
        var batch = new Batch(count, 1);
        batch.add(0, position, new int[count], 0, count, Batch.Logits.LAST);
        return batch;
    }

    @Test
    void leavesResultsAndCachesAsTheyWere() {
        try (var arena = Arena.ofShared();
                var ops = new CpuOps(2, Precision.FAST);
                var caches = new KvCaches(CacheType.F16, CacheShape.full(1, 1, HEAD_DIM), 1, 300)) {
            var layer = layer(ops, arena);
            var batch = tokens(20, 0);
            caches.reserve(0, 20);
            var before = new float[VOCABULARY];
            ops.beginStep();
            ops.readRow(forward(ops, layer, batch, caches.full(0)), 0, before);
            // Positions that were never reserved: the rehearsal must not touch the caches.
            ops.warmUp(
                    rehearsal -> List.of(tokens(1, 290), tokens(3, 260), tokens(20, 0))
                            .forEach(step -> forward(rehearsal, layer, step, caches.full(0))),
                    () -> false);
            var after = new float[VOCABULARY];
            ops.beginStep();
            ops.readRow(forward(ops, layer, batch, caches.full(0)), 0, after);
            // Compiled code adds the lanes of a vector in another order than the interpreter.
            assertThat(after).containsExactly(before, within(1e-4f));
            assertThat(shapes).containsExactly("1x70", "1x70", "1x70", "1x70", "1x70");
        }
    }

    @Test
    void endsWhenAskedTo() {
        try (var arena = Arena.ofShared();
                var ops = new CpuOps(1, Precision.EXACT);
                var caches = new KvCaches(CacheType.INT8, CacheShape.full(1, 1, HEAD_DIM), 1, 300)) {
            var layer = layer(ops, arena);
            var questions = new int[1];
            ops.warmUp(
                    rehearsal -> forward(rehearsal, layer, tokens(1, 290), caches.full(0)), () -> ++questions[0] == 2);
            assertThat(questions[0]).isEqualTo(2);
        }
    }

    @Test
    void computesTheLayersThatItNotes() {
        try (var arena = Arena.ofShared();
                var ops = new CpuOps(1, Precision.EXACT)) {
            var known = ops.prepare(new RandomWeights(1, arena).dense(HIDDEN, HIDDEN, DType.F32), arena);
            // No kernel takes this type, which shows when a layer is computed and not when it is noted.
            var unknown = new RowBlocks.Dense(arena.allocate(HIDDEN * HIDDEN), DType.U8, HIDDEN, HIDDEN);
            var x = new CpuTensor();
            x.point(new float[HIDDEN], 0, 1, HIDDEN);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ops.warmUp(rehearsal -> rehearsal.linear(x, unknown, null), () -> false));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ops.warmUp(
                            rehearsal -> rehearsal.gatedMlp(x, known, known, unknown, Activation.SILU), () -> false));
        }
    }
}
