package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.RowReader;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The operations with Vector API kernels, over a pool of threads that exists only inside this class's
/// operations.
///
/// Engine thread only. Steps of a size that was seen a few times allocate nothing. Arithmetic is f32, with
/// [Precision#FAST] in part of rounded activations; results differ from [ScalarOps] by rounding.
public final class CpuOps implements Ops {
    /// Longer than a machine of two cores takes; what is slow then becomes fast while it is used.
    private static final Duration WARM_UP_LIMIT = Duration.ofSeconds(5);

    private final Precision precision;
    private final StepArena arena = new StepArena();
    private final WorkerPool pool;
    private final Repacker repacker;
    private final LinearInputs inputs;
    private final DecodeLinears decodeLinears;
    private final LinearTask linear;
    private final GatedTask gated;
    private final RowTask rows;
    private final AttentionTask attention;
    private final ReadTask reading;

    /// Starts `threads - 1` worker threads; the engine thread is the other one.
    public CpuOps(int threads, Precision precision) {
        this(threads, threads, precision);
    }

    /// Shares attention out as for `attentionThreads`, whoever then computes it.
    CpuOps(int threads, int attentionThreads, Precision precision) {
        if (threads < 1) {
            throw new IllegalArgumentException(threads + " threads; the CPU backend needs at least 1");
        }
        this.precision = precision;
        pool = new WorkerPool(threads);
        var scratch = new Scratch[threads];
        for (var i = 0; i < threads; i++) {
            scratch[i] = new Scratch();
        }
        repacker = new Repacker(pool);
        inputs = new LinearInputs(new VectorInput(), new FewInput(), new ShortFewInput(pool), new TokensInput(pool));
        linear = new LinearTask(pool, scratch, precision, inputs);
        decodeLinears = new DecodeLinears(pool, scratch, precision, inputs);
        gated = new GatedTask(pool, scratch, inputs.vector());
        rows = new RowTask(pool);
        attention = new AttentionTask(pool, attentionThreads);
        reading = new ReadTask(pool, scratch);
    }

    @Override
    public String describe() {
        return "cpu, " + Lanes.describe() + ", " + pool.threads() + (pool.threads() == 1 ? " thread" : " threads");
    }

    @Override
    public Matrix prepare(Matrix matrix, Arena memory) {
        return repacker.repack(matrix, memory);
    }

    @Override
    public void warmUp(Consumer<Ops> steps, BooleanSupplier stop) {
        try (var rehearsal = new Rehearsal(pool.threads(), precision)) {
            steps.accept(rehearsal);
            rehearsal.run(WARM_UP_LIMIT, stop);
        }
    }

    @Override
    public void beginStep() {
        decodeLinears.drop();
        arena.reset();
        inputs.forget();
    }

    @Override
    public void keepOnly(Tensor x) {
        decodeLinears.run();
        arena.keepOnly();
        inputs.forget();
    }

    @Override
    public Tensor embed(Matrix table, Batch batch) {
        Shapes.embed(table, batch);
        var out = arena.take(batch.tokenCount(), table.cols());
        var weight = prepared(table);
        for (var t = 0; t < batch.tokenCount(); t++) {
            EmbeddingRow.read(weight, batch.token(t), out.data(), out.rowOffset(t));
        }
        return out;
    }

    @Override
    public Tensor linear(Tensor x, Matrix weight, @Nullable DenseVector bias) {
        Shapes.linear(x, weight, bias);
        var out = arena.take(x.rows(), weight.rows());
        linear((CpuTensor) x, weight, bias, out);
        return out;
    }

    private void linear(CpuTensor in, Matrix weight, @Nullable DenseVector bias, CpuTensor out) {
        if (in.rows() == 0) {
            return; // a step without logits
        }
        if (DecodeLinears.applies(in, prepared(weight))) {
            decodeLinears.add(in, prepared(weight), bias, out);
        } else {
            linear.apply(computed(in), prepared(weight), bias, out);
        }
    }

    @Override
    public Tensor rmsNorm(Tensor x, DenseVector weight, float eps) {
        Shapes.rmsNorm(x, weight);
        var out = arena.take(x.rows(), x.cols());
        rows.rmsNorm(computed(x), weight.values(), eps, out);
        return out;
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Shapes.add(a, b);
        var out = arena.take(a.rows(), a.cols());
        rows.add(computed(a), computed(b), out);
        return out;
    }

    @Override
    public Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation) {
        Shapes.gatedMlp(x, gate, up, down);
        var in = computed(x);
        if (GatedTask.applies(in, prepared(gate), prepared(up))) {
            var hidden = arena.take(x.rows(), gate.rows());
            gated.apply(in, prepared(gate), prepared(up), activation, hidden);
            return linear(hidden, down, null);
        }
        var out = arena.take(x.rows(), down.rows());
        var hidden = arena.takeTemporary(x.rows(), gate.rows());
        var upped = arena.takeTemporary(x.rows(), up.rows());
        linear(in, gate, null, hidden);
        linear(in, up, null, upped);
        rows.gate(computed(hidden), computed(upped), activation);
        linear(hidden, down, null, out);
        decodeLinears.run();
        arena.freeTemporaries();
        inputs.forget(); // the next call's temporaries are the same handles
        return out;
    }

    @Override
    public Tensor attention(
            Tensor q, Tensor k, Tensor v, @Nullable RopeTable rope, float scale, Batch batch, KvCache.Full cache) {
        Shapes.attention(q, k, v, rope, batch, cache);
        var out = arena.take(q.rows(), q.cols());
        attention.apply(computed(q), computed(k), computed(v), rope, scale, batch, cache, out);
        return out;
    }

    @Override
    public Tensor logitRows(Tensor x, Batch batch) {
        Shapes.logitRows(x, batch);
        var in = computed(x);
        var out = arena.take(batch.logitCount(), x.cols());
        for (var i = 0; i < batch.logitCount(); i++) {
            System.arraycopy(in.data(), in.rowOffset(batch.logitRow(i)), out.data(), out.rowOffset(i), x.cols());
        }
        return out;
    }

    @Override
    public void readRow(Tensor x, int row, float[] target) {
        Shapes.readRow(x, row, target);
        var in = computed(x);
        System.arraycopy(in.data(), in.rowOffset(row), target, 0, x.cols());
    }

    @Override
    public void readRows(Tensor x, RowReader reader) {
        reading.apply(computed(x), reader);
    }

    /// `x` with its contents, which [DecodeLinears] may have put off.
    private CpuTensor computed(Tensor x) {
        decodeLinears.run();
        return (CpuTensor) x;
    }

    private static RowBlocks prepared(Matrix weight) {
        if (weight instanceof RowBlocks blocks) {
            return blocks;
        }
        throw new IllegalArgumentException("a weight of " + weight.rows() + " rows was not prepared by this backend");
    }

    @Override
    public void close() {
        pool.close();
    }
}
