package dev.jmlx.bench;

import dev.jmlx.engine.cache.CacheShape;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cache.KvCaches;
import dev.jmlx.engine.cache.Reach;
import dev.jmlx.engine.cpu.CpuOps;
import dev.jmlx.engine.ops.AttentionSpec;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Attention of 9 heads on 3 key-value heads of 64 elements: one token or a chunk of a prompt, behind `past`
/// positions.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionBench {
    private static final int KV_HEADS = 3;
    private static final int GROUP = 3;
    private static final int HEAD_DIM = 64;

    @Param({"128", "1024", "8000"})
    public int past;

    @Param({"1", "256"})
    public int tokens;

    @Param({"F16", "F32", "BF16", "INT8"})
    public CacheType type = CacheType.F16;

    @Param({"1", "2"})
    public int threads;

    private final Arena arena = Arena.ofShared();
    private @Nullable CpuOps ops;
    private @Nullable KvCaches caches;
    private @Nullable Matrix queries;
    private @Nullable Matrix keys;
    private @Nullable Batch batch;

    @Setup
    public void create() {
        ops = new CpuOps(threads, Precision.EXACT);
        caches = new KvCaches(type, CacheShape.full(1, KV_HEADS, HEAD_DIM), 1, past + tokens);
        caches.reserve(0, past + tokens);
        queries = ops.prepare(RandomMatrix.dense(arena, DType.F32, tokens, KV_HEADS * GROUP * HEAD_DIM), arena);
        keys = ops.prepare(RandomMatrix.dense(arena, DType.F32, tokens, KV_HEADS * HEAD_DIM), arena);
        var ids = new int[tokens];
        for (var i = 0; i < tokens; i++) {
            ids[i] = i;
        }
        fillPast();
        batch = new Batch(tokens, 1);
        batch.add(0, past, ids, 0, tokens, Batch.Logits.NONE);
    }

    /// Zeros would make every score equal and every product trivial.
    private void fillPast() {
        var chunk = 64;
        var history = new Batch(chunk, 1);
        var ids = new int[chunk];
        var cpu = Objects.requireNonNull(ops);
        var q = cpu.prepare(RandomMatrix.dense(arena, DType.F32, 1, KV_HEADS * GROUP * HEAD_DIM), arena);
        var kv = cpu.prepare(RandomMatrix.dense(arena, DType.F32, 1, KV_HEADS * HEAD_DIM), arena);
        for (var from = 0; from < past; from += chunk) {
            history.clear();
            history.add(0, from, ids, 0, Math.min(chunk, past - from), Batch.Logits.NONE);
            attend(history, q, kv);
        }
    }

    private Tensor attend(Batch step, Matrix q, Matrix kv) {
        var cpu = Objects.requireNonNull(ops);
        cpu.beginStep();
        return cpu.attention(
                cpu.embed(q, step),
                cpu.embed(kv, step),
                cpu.embed(kv, step),
                AttentionSpec.of(0.125f, null),
                step,
                Objects.requireNonNull(caches).full(0));
    }

    @TearDown
    public void free() {
        Objects.requireNonNull(ops).close();
        Objects.requireNonNull(caches).close();
        arena.close();
    }

    @Benchmark
    public Tensor attention(Work work) {
        var out = attend(Objects.requireNonNull(batch), Objects.requireNonNull(queries), Objects.requireNonNull(keys));
        var positions = past + (tokens + 1) / 2.0;
        work.add(
                new CacheShape(KV_HEADS, HEAD_DIM, Reach.ALL).bytesFor(type, 1) * positions,
                tokens * positions * 4 * KV_HEADS * GROUP * HEAD_DIM);
        return out;
    }
}
