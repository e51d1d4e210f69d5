package dev.jmlx.engine.cpu;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCache;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.StateShape;
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
import dev.jmlx.engine.ops.StateSpace;
import dev.jmlx.engine.tensor.DenseVector;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.NativeMemory;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Has the virtual machine compile the kernels that a model needs, before the first request does.
///
/// A model's forward pass on this object computes nothing and notes which operations it asks for: with how many
/// tokens, for which formats of weights and caches. [#run] then calls each of them on small operands until the
/// second-tier compiler has done its work. Until then a kernel is hundreds of times slower and each of its
/// vectors is an object on the heap: on a model's own matrices that made gigabytes of garbage, for which the
/// heap grew and stayed large. Engine thread only.
final class Rehearsal implements Ops {
    private static final Logger log = LoggerFactory.getLogger(Rehearsal.class);

    /// Columns of the small operands: whole groups of every size.
    private static final int COLS = 128;

    /// Rows of the small operands: one block at 512 bits, since a call of a kernel that is not compiled
    /// takes long and what counts is the number of calls.
    private static final int ROWS = 16;

    /// Rows of which a thread gets two blocks and then one: a kernel that takes pairs has another for the last.
    private static final int PAIR_AND_ONE = 3 * Lanes.COUNT;

    /// Tokens that an expert gets of a prompt, or so.
    private static final int FEW_ROWS = 4;

    private final Arena arena = Arena.ofShared();
    private final List<KvCaches> caches = new ArrayList<>();
    private final CpuOps stage;
    private final Map<Object, Exercise> exercises = new LinkedHashMap<>();
    private final HeapLimit heap = new HeapLimit();

    /// For the operations of a [CpuOps] of `threads` threads.
    Rehearsal(int threads, Precision precision) {
        // One thread, so that the others are the compilers'.
        stage = new CpuOps(1, threads, precision);
    }

    /// Runs what was noted until it is compiled, at most until `limit` has passed or `stop` says so.
    void run(Duration limit, BooleanSupplier stop) {
        var end = System.nanoTime() + limit.toNanos();
        var left = new ArrayList<>(exercises.values());
        var goesOn = true;
        while (goesOn && !left.isEmpty()) {
            if (left.stream().allMatch(Exercise::isQueued)) {
                LockSupport.parkNanos(2_000_000);
            }
            goesOn = burst(left, () -> stop.getAsBoolean() || System.nanoTime() - end >= 0);
            left.removeIf(Exercise::isCompiled);
        }
        // The heap has grown for boxed vectors that there will be none of from now on.
        System.gc();
        log.debug("{} operations rehearsed, {} of them still slow", exercises.size(), left.size());
    }

    /// One burst of each; false when `ended` said so before all had theirs.
    private boolean burst(List<Exercise> left, BooleanSupplier ended) {
        for (var exercise : left) {
            if (ended.getAsBoolean()) {
                return false;
            }
            exercise.burst(heap::shrink);
        }
        return true;
    }

    @Override
    public String describe() {
        return stage.describe();
    }

    @Override
    public Matrix prepare(Matrix matrix, Arena memory) {
        return stage.prepare(matrix, memory);
    }

    @Override
    public void beginStep() {}

    @Override
    public Tensor pin(Tensor x) {
        return tensor(x.rows(), x.cols());
    }

    @Override
    public Tensor embed(Matrix table, Batch batch) {
        note(List.of("embed", batch.tokenCount(), format(table)), () -> {
            var small = small(table, ROWS, COLS);
            return () -> stage.embed(small, batch);
        });
        return tensor(batch.tokenCount(), table.cols());
    }

    @Override
    public Tensor linear(Tensor x, Matrix weight, @Nullable DenseVector bias) {
        note(List.of("linear", x.rows(), format(weight), bias != null), () -> {
            var in = input(x.rows(), COLS);
            var rows = rows(x, weight);
            var small = small(weight, rows, COLS);
            var smallBias = bias == null ? null : new DenseVector(new float[rows]);
            return () -> stage.linear(in, small, smallBias);
        });
        return tensor(x.rows(), weight.rows());
    }

    @Override
    public Tensor rmsNorm(Tensor x, DenseVector weight, int size, float eps) {
        note(List.of("rmsNorm", x.rows(), x.cols() == size), () -> {
            var in = input(x.rows(), COLS);
            var small = new DenseVector(new float[x.cols() == size ? COLS : COLS / 2]);
            return () -> stage.rmsNorm(in, small, small.length(), eps);
        });
        return tensor(x.rows(), x.cols());
    }

    @Override
    public Tensor layerNorm(Tensor x, DenseVector weight, @Nullable DenseVector bias, float eps) {
        var small = new DenseVector(new float[COLS]);
        return like(x, "layerNorm", in -> stage.layerNorm(in, small, bias == null ? null : small, eps));
    }

    @Override
    public Tensor add(Tensor a, Tensor b) {
        return like(a, "add", in -> stage.add(in, in));
    }

    @Override
    public Tensor scale(Tensor x, float factor) {
        return like(x, "scale", in -> stage.scale(in, factor));
    }

    @Override
    public Tensor softcap(Tensor x, float cap) {
        return like(x, "softcap", in -> stage.softcap(in, cap));
    }

    @Override
    public Tensor gated(Tensor gate, Tensor x, Activation activation) {
        return like(x, "gated " + activation, in -> stage.gated(in, in, activation));
    }

    /// Experts get a few or many tokens of a prompt.
    @Override
    public Tensor moe(Tensor x, Tensor scores, Routing routing, Experts experts) {
        for (var rows : x.rows() == 1 ? new int[] {1} : new int[] {1, FEW_ROWS, x.rows()}) {
            var expert = experts.experts().getFirst();
            var in = tensor(rows, x.cols());
            var gate = expert.gateProj() == null ? expert.upProj() : expert.gateProj();
            gatedMlp(in, gate, expert.upProj(), expert.downProj(), experts.activation());
        }
        return tensor(x.rows(), x.cols());
    }

    @Override
    public Tensor rope(Tensor x, RopeTable table, int headDim, Batch batch) {
        return like(x, "rope", in -> stage.rope(in, new RopeTable(new float[1], table.interleaved()), COLS, batch));
    }

    @Override
    public Tensor scaleByPosition(Tensor x, PositionScale scale, Batch batch) {
        return like(x, "scaleByPosition", in -> stage.scaleByPosition(in, scale, batch));
    }

    /// Notes an operation whose result is like its operand.
    private Tensor like(Tensor x, String name, UnaryOperator<Tensor> operation) {
        note(List.of(name, x.rows()), () -> {
            var in = input(x.rows(), COLS);
            return () -> operation.apply(in);
        });
        return tensor(x.rows(), x.cols());
    }

    @Override
    public Tensor gatedMlp(Tensor x, Matrix gate, Matrix up, Matrix down, Activation activation) {
        note(List.of("gatedMlp", x.rows(), format(gate), format(up), format(down), activation), () -> {
            var in = input(x.rows(), COLS);
            var smallGate = small(gate, COLS, COLS);
            var smallUp = small(up, COLS, COLS);
            var smallDown = small(down, rows(x, down), COLS);
            return () -> stage.gatedMlp(in, smallGate, smallUp, smallDown, activation);
        });
        return tensor(x.rows(), down.rows());
    }

    @Override
    public Tensor attention(
            Tensor q, @Nullable Tensor k, @Nullable Tensor v, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        var kind = List.of(spec.rope() != null, spec.softcap() > 0, spec.sinks() != null, cache.reach());
        note(List.of("attention", batch.tokenCount(), q.cols(), cache.kvHeads(), cache.headDim(), kind), () -> {
            var queries = input(q.rows(), q.cols());
            var keys = input(q.rows(), cache.kvHeads() * cache.headDim());
            var values = cache.isLatent() ? null : input(q.rows(), cache.kvHeads() * cache.valueDim());
            var smallCache = cache(cache, batch);
            var lasting = withoutFactor(spec);
            return () -> stage.attention(queries, keys, values, lasting, batch, smallCache);
        });
        return tensor(q.rows(), Shapes.attended(q, cache));
    }

    @Override
    public Tensor choosePositions(Tensor q, Tensor k, Tensor weights, int topK, Batch batch, KvCache.Full cache) {
        note(List.of("choosePositions", batch.tokenCount(), q.cols(), cache.headDim()), () -> {
            var queries = input(q.rows(), q.cols());
            var keys = input(q.rows(), k.cols());
            var headWeights = input(q.rows(), weights.cols());
            var smallCache = cache(cache, batch);
            return () -> stage.choosePositions(queries, keys, headWeights, 1, batch, smallCache);
        });
        return tensor(q.rows(), topK);
    }

    @Override
    public Tensor sparseAttention(
            Tensor q, Tensor k, Tensor positions, AttentionSpec spec, Batch batch, KvCache.Full cache) {
        note(List.of("sparseAttention", batch.tokenCount(), q.cols(), cache.headDim()), () -> {
            var queries = input(q.rows(), q.cols());
            var keys = input(q.rows(), k.cols());
            var first = tensor(new float[q.rows()], q.rows(), 1);
            var smallCache = cache(cache, batch);
            var lasting = withoutFactor(spec);
            return () -> stage.sparseAttention(queries, keys, first, lasting, batch, smallCache);
        });
        return attention(q, k, null, spec, batch, cache);
    }

    /// The operands are rotated in place, by one call after the other, and a factor would make them
    /// grow.
    private static AttentionSpec withoutFactor(AttentionSpec spec) {
        var rope = spec.rope();
        var rotation = rope == null ? null : new RopeTable(rope.inverseFrequencies(), rope.interleaved());
        return new AttentionSpec(spec.scale(), rotation, spec.softcap(), spec.sinks());
    }

    @Override
    public Tensor perHead(Tensor x, List<Matrix> weights) {
        linear(tensor(x.rows(), weights.getFirst().cols()), weights.getFirst(), null);
        return tensor(x.rows(), weights.size() * weights.getFirst().rows());
    }

    @Override
    public Tensor headColumns(Tensor x, int heads, int from, int to) {
        return tensor(x.rows(), heads * (to - from));
    }

    @Override
    public Tensor joinHeads(Tensor a, Tensor b, int heads) {
        return tensor(a.rows(), a.cols() + b.cols());
    }

    @Override
    public Tensor convolution(Tensor x, Convolution convolution, Batch batch, KvCache.State state, int stateAt) {
        note(List.of("convolution", x.rows()), () -> {
            var in = input(x.rows(), x.cols());
            var small = state(convolution.stateFloats(), batch);
            return () -> stage.convolution(in, convolution, batch, small, 0);
        });
        return tensor(x.rows(), x.cols());
    }

    @Override
    public Tensor deltaRule(
            Tensor qkv, Tensor a, Tensor b, DeltaRule rule, Batch batch, KvCache.State state, int stateAt) {
        note(List.of("deltaRule", qkv.rows()), () -> {
            var in = input(qkv.rows(), qkv.cols());
            var heads = input(qkv.rows(), rule.valueHeads());
            var small = state(rule.stateFloats(), batch);
            return () -> stage.deltaRule(in, heads, heads, rule, batch, small, 0);
        });
        return tensor(qkv.rows(), rule.valueHeads() * rule.valueDim());
    }

    @Override
    public Tensor stateSpace(Tensor xbc, Tensor dt, StateSpace space, Batch batch, KvCache.State state, int stateAt) {
        note(List.of("stateSpace", xbc.rows()), () -> {
            var in = input(xbc.rows(), xbc.cols());
            var steps = input(xbc.rows(), space.heads());
            var small = state(space.stateFloats(), batch);
            return () -> stage.stateSpace(in, steps, space, batch, small, 0);
        });
        return tensor(xbc.rows(), space.heads() * space.headDim());
    }

    private KvCache.State state(int floats, Batch batch) {
        var small = new KvCaches(CacheType.F32, List.of(new StateShape(floats)), batch.segmentCount(), 1);
        caches.add(small);
        for (var slot = 0; slot < batch.segmentCount(); slot++) {
            small.reserve(slot, 1);
        }
        return (KvCache.State) small.layer(0);
    }

    @Override
    public Tensor logitRows(Tensor x, Batch batch) {
        return tensor(batch.logitCount(), x.cols());
    }

    @Override
    public void readRow(Tensor x, int row, float[] target) {}

    @Override
    public void close() {
        caches.forEach(KvCaches::close);
        arena.close();
        stage.close();
    }

    /// Notes an operation, which `prepare` makes operands for, unless it is known.
    private void note(Object key, Supplier<Supplier<Tensor>> prepare) {
        exercises.computeIfAbsent(key, _ -> {
            var operation = prepare.get();
            return new Exercise(() -> {
                stage.beginStep();
                // Keeping a result computes it.
                stage.keepOnly(operation.get());
            });
        });
    }

    private static Object format(Matrix weight) {
        return switch ((RowBlocks) weight) {
            case RowBlocks.Dense dense -> dense.type();
            case RowBlocks.Microscaled microscaled -> microscaled.format();
            case RowBlocks.Quantized quantized ->
                List.of(quantized.bits(), quantized.groupSize(), quantized.scaleType());
        };
    }

    /// Rows of the small operand for `x` times `weight`.
    private static int rows(Tensor x, Matrix weight) {
        return FewBytes.takesPairs(x.rows(), (RowBlocks) weight) ? PAIR_AND_ONE : ROWS;
    }

    private RowBlocks small(Matrix like, int rows, int cols) {
        return RowBlocks.zeros((RowBlocks) like, rows, cols, bytes -> NativeMemory.allocate(bytes, arena));
    }

    private KvCache.Full cache(KvCache.Full like, Batch batch) {
        var slots = 0;
        var positions = 0;
        for (var segment = 0; segment < batch.segmentCount(); segment++) {
            slots = Math.max(slots, batch.segmentSlot(segment) + 1);
            positions = Math.max(positions, batch.position(batch.segmentStart(segment + 1) - 1) + 1);
        }
        var small = new KvCaches(like.type(), List.of(like.shape()), slots, positions);
        caches.add(small);
        for (var slot = 0; slot < slots; slot++) {
            small.reserve(slot, positions);
        }
        return small.full(0);
    }

    /// An operand that is no weight. Different values: a branch that only zeros or only equal values take
    /// is compiled for these alone, and the first real step throws the code away.
    private static CpuTensor input(int rows, int cols) {
        var values = new float[rows * cols];
        for (var i = 0; i < values.length; i++) {
            values[i] = (i * 7 % 17 - 8) / 16f;
        }
        return tensor(values, rows, cols);
    }

    /// A result that nobody looks into.
    private static CpuTensor tensor(int rows, int cols) {
        return tensor(new float[0], rows, cols);
    }

    private static CpuTensor tensor(float[] values, int rows, int cols) {
        var tensor = new CpuTensor();
        tensor.point(values, 0, rows, cols);
        return tensor;
    }
}
