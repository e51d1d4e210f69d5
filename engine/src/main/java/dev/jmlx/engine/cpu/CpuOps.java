package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.ops.Activation;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Convolution;
import dev.jmlx.engine.ops.DeltaRule;
import dev.jmlx.engine.ops.Experts;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.PositionScale;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.ops.RopeTable;
import dev.jmlx.engine.ops.Routing;
import dev.jmlx.engine.ops.RowReader;
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
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
    private final RowTask rows;
    private final RopeKernels ropes = new RopeKernels();
    private final AttentionTask attention;
    private final IndexTask index;
    private final RecurrenceTask recurrence;
    private final ExpertRows expertRows = new ExpertRows();
    private final ExpertVectors expertVectors;
    private final HeadsTask heads;

    /// The tensors of one expert or head at a time.
    private final StepArena partArena = new StepArena();
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
        var shorts = new ShortFewInput(pool);
        inputs = new LinearInputs(new TokenInput(precision, shorts), new FewInput(), shorts, new TokensInput(pool));
        linear = new LinearTask(pool, scratch, precision, inputs);
        decodeLinears = new DecodeLinears(pool, scratch, precision, inputs);
        rows = new RowTask(pool);
        recurrence = new RecurrenceTask(pool);
        attention = new AttentionTask(pool, attentionThreads, ropes);
        index = new IndexTask(pool);
        expertVectors = new ExpertVectors(pool, rows, precision);
        heads = new HeadsTask(pool, scratch);
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
    public Tensor pin(Tensor x) {
        var in = computed(x);
        var out = arena.takePinned(x.rows(), x.cols());
        System.arraycopy(in.data(), in.offset(), out.data(), out.offset(), in.size());
        return out;
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
    public Tensor rmsNorm(Tensor x, DenseVector weight, int size, float eps) {
        Shapes.rmsNorm(x, weight, size);
        var out = arena.take(x.rows(), x.cols());
        rows.rmsNorm(computed(x), weight.values(), size, eps, out);
        return out;
    }

    @Override
    public Tensor layerNorm(Tensor x, DenseVector weight, @Nullable DenseVector bias, float eps) {
        Shapes.layerNorm(x, weight, bias);
        var out = arena.take(x.rows(), x.cols());
        rows.layerNorm(computed(x), weight.values(), bias == null ? null : bias.values(), eps, out);
        return out;
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        Shapes.same("add", a, b);
        var out = arena.take(a.rows(), a.cols());
        rows.add(computed(a), computed(b), out);
        return out;
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        var out = arena.take(x.rows(), x.cols());
        rows.scale(computed(x), factor, out);
        return out;
    }

    @Override
    public Tensor softcap(Tensor x, float cap) {
        var out = arena.take(x.rows(), x.cols());
        rows.softcap(computed(x), cap, out);
        return out;
    }

    @Override
    public Tensor gated(Tensor gate, Tensor x, Activation activation) {
        Shapes.gated(gate, x);
        var out = arena.take(x.rows(), x.cols());
        if (gate.cols() == x.cols()) {
            rows.gate(computed(gate), computed(x), activation, out);
        } else {
            rows.scaleByGate(computed(x), computed(gate), activation, out);
        }
        return out;
    }

    @Override
    public Tensor moe(Tensor x, Tensor scores, Routing routing, Experts experts) {
        Shapes.moe(x, scores, routing, experts);
        var in = computed(x);
        expertRows.plan(computed(scores), routing, experts.count());
        var out = arena.take(x.rows(), x.cols());
        Arrays.fill(out.data(), out.offset(), out.offset() + out.size(), 0);
        partArena.reset();
        expertVectors.apply(in, expertRows, experts, partArena, out);
        for (var expert = 0; expert < experts.count(); expert++) {
            var count = expertRows.count(expert);
            if (count > 0 && !ExpertVectors.takes(expertRows, experts, expert)) {
                partArena.reset();
                var part = partArena.take(count, x.cols());
                expertRows.gather(expert, in, part);
                inputs.forget(); // the last expert's tensors had the same handles
                var result = expert(part, experts.experts().get(expert), experts.activation());
                expertRows.addTo(expert, computed(result), out);
            }
        }
        inputs.forget();
        return out;
    }

    @Override
    public Tensor rope(Tensor x, RopeTable table, int headDim, Batch batch) {
        Shapes.rope(x, table, headDim, batch);
        var out = arena.take(x.rows(), x.cols());
        rows.rope(computed(x), ropes.kernel(table, batch), headDim, batch, out);
        return out;
    }

    @Override
    public Tensor headColumns(Tensor x, int heads, int from, int to) {
        Shapes.headColumns(x, heads, from, to);
        var out = arena.take(x.rows(), heads * (to - from));
        HeadColumns.copy(computed(x), x.cols() / heads, from, out, to - from, 0, to - from, heads);
        return out;
    }

    @Override
    public Tensor joinHeads(Tensor a, Tensor b, int heads) {
        Shapes.joinHeads(a, b, heads);
        var first = a.cols() / heads;
        var second = b.cols() / heads;
        var out = arena.take(a.rows(), a.cols() + b.cols());
        HeadColumns.copy(computed(a), first, 0, out, first + second, 0, first, heads);
        HeadColumns.copy(computed(b), second, 0, out, first + second, first, second, heads);
        return out;
    }

    @Override
    public Tensor perHead(Tensor x, List<Matrix> weights) {
        Shapes.perHead(x, weights);
        var in = computed(x);
        var inSize = weights.getFirst().cols();
        var outSize = weights.getFirst().rows();
        var out = arena.take(x.rows(), weights.size() * outSize);
        if (HeadsTask.applies(in, weights)) {
            heads.apply(in, weights, out);
            return out;
        }
        for (var head = 0; head < weights.size(); head++) {
            partArena.reset();
            inputs.forget(); // the last head's tensors had the same handles
            var part = partArena.take(x.rows(), inSize);
            var result = partArena.take(x.rows(), outSize);
            HeadColumns.copy(in, x.cols(), head * inSize, part, inSize, 0, inSize, 1);
            linear(part, weights.get(head), null, result);
            HeadColumns.copy(computed(result), outSize, 0, out, out.cols(), head * outSize, outSize, 1);
        }
        inputs.forget();
        return out;
    }

    @Override
    public Tensor scaleByPosition(Tensor x, PositionScale scale, Batch batch) {
        Shapes.scaleByPosition(x, batch);
        var out = arena.take(x.rows(), x.cols());
        rows.scaleByPosition(computed(x), scale, batch, out);
        return out;
    }

    private CpuTensor expert(CpuTensor x, Experts.Expert expert, Activation activation) {
        var gate = expert.gateProj();
        if (gate != null && !expert.isUnusual()) {
            return gatedMlp(x, gate, expert.upProj(), expert.downProj(), activation, partArena);
        }
        var upped = partArena.take(x.rows(), expert.upProj().rows());
        var hidden = partArena.take(x.rows(), expert.upProj().rows());
        var out = partArena.take(x.rows(), expert.downProj().rows());
        linear(x, expert.upProj(), expert.upBias(), upped);
        if (gate != null) {
            linear(x, gate, expert.gateBias(), hidden);
        }
        rows.gate(computed(gate == null ? upped : hidden), computed(upped), activation, hidden);
        linear(hidden, expert.downProj(), expert.downBias(), out);
        return out;
    }

    @Override
    public Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation) {
        Shapes.gatedMlp(x, gate, up, down);
        return gatedMlp(computed(x), gate, up, down, activation, arena);
    }

    private CpuTensor gatedMlp(
            CpuTensor in, Matrix gate, Matrix up, Matrix down, Activation activation, StepArena memory) {
        var out = memory.take(in.rows(), down.rows());
        var hidden = memory.takeTemporary(in.rows(), gate.rows());
        var upped = memory.takeTemporary(in.rows(), up.rows());
        if (DecodeLinears.applies(in, prepared(gate), prepared(up))) {
            decodeLinears.runGated(in, prepared(gate), prepared(up), activation, hidden, upped);
        } else {
            linear(in, gate, null, hidden);
            linear(in, up, null, upped);
            rows.gate(computed(hidden), computed(upped), activation, hidden);
        }
        linear(hidden, down, null, out);
        decodeLinears.run();
        memory.freeTemporaries();
        inputs.forget(); // the next call's temporaries are the same handles
        return out;
    }

    @Override
    public Tensor attention(
            Tensor q, @Nullable Tensor k, @Nullable Tensor v, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        Shapes.attention(q, k, v, spec, batch, cache);
        var out = arena.take(q.rows(), Shapes.attended(q, cache));
        decodeLinears.run();
        attention.apply((CpuTensor) q, (CpuTensor) k, (CpuTensor) v, spec, batch, cache, null, out);
        return out;
    }

    @Override
    public Tensor choosePositions(Tensor q, Tensor k, Tensor weights, int topK, Batch batch, KvCache.Full cache) {
        Shapes.choosePositions(q, k, weights, topK, batch, cache);
        var out = arena.take(q.rows(), topK);
        index.apply(computed(q), computed(k), computed(weights), batch, cache, out);
        return out;
    }

    @Override
    public Tensor sparseAttention(
            Tensor q, Tensor k, Tensor positions, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        Shapes.sparseAttention(q, k, positions, spec, batch, cache);
        var out = arena.take(q.rows(), Shapes.attended(q, cache));
        decodeLinears.run();
        var chosen = Shapes.seeMore(batch, positions.cols()) ? (CpuTensor) positions : null;
        attention.apply((CpuTensor) q, (CpuTensor) k, null, spec, batch, cache, chosen, out);
        return out;
    }

    @Override
    public Tensor convolution(Tensor x, Convolution convolution, Batch batch, KvCache.State state, int stateAt) {
        Shapes.convolution(x, convolution, batch);
        var out = arena.take(x.rows(), x.cols());
        recurrence.convolution(computed(x), convolution, batch, state, stateAt, out);
        return out;
    }

    @Override
    public Tensor deltaRule(
            Tensor qkv, Tensor a, Tensor b, DeltaRule rule, Batch batch, KvCache.State state, int stateAt) {
        Shapes.deltaRule(qkv, a, b, rule, batch);
        var out = arena.take(qkv.rows(), rule.valueHeads() * rule.valueDim());
        recurrence.deltaRule(computed(qkv), computed(a), computed(b), rule, batch, state, stateAt, out);
        return out;
    }

    @Override
    public Tensor stateSpace(Tensor xbc, Tensor dt, StateSpace space, Batch batch, KvCache.State state, int stateAt) {
        Shapes.stateSpace(xbc, dt, space, batch);
        var out = arena.take(xbc.rows(), space.heads() * space.headDim());
        recurrence.stateSpace(computed(xbc), computed(dt), space, batch, state, stateAt, out);
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

    @Override
    public int readers() {
        return pool.threads();
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
