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
import java.util.List;
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

/// Attention of one token or a chunk of a prompt, behind `past` positions: 9 heads on 3 key-value heads of 64
/// elements, or 20 heads on latents of 512 and 64 elements, as GLM-4.7-Flash has them.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class AttentionBench {
    /// What the heads are like.
    public enum Heads {
        GROUPED(9),
        LATENT(20);

        private final int count;

        Heads(int count) {
            this.count = count;
        }

        private CacheShape shape() {
            return switch (this) {
                case GROUPED -> new CacheShape(3, 64, Reach.ALL);
                case LATENT -> CacheShape.latent(576, 512);
            };
        }
    }

    @Param({"GROUPED", "LATENT"})
    public Heads heads = Heads.GROUPED;

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
        caches = new KvCaches(type, List.of(heads.shape()), 1, past + tokens);
        caches.reserve(0, past + tokens);
        queries = ops.prepare(
                RandomMatrix.dense(
                        arena, DType.F32, tokens, heads.count * heads.shape().headDim()),
                arena);
        keys = ops.prepare(
                RandomMatrix.dense(
                        arena,
                        DType.F32,
                        tokens,
                        heads.shape().kvHeads() * heads.shape().headDim()),
                arena);
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
        var q = cpu.prepare(
                RandomMatrix.dense(
                        arena, DType.F32, 1, heads.count * heads.shape().headDim()),
                arena);
        var kv = cpu.prepare(
                RandomMatrix.dense(
                        arena,
                        DType.F32,
                        1,
                        heads.shape().kvHeads() * heads.shape().headDim()),
                arena);
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
                heads.shape().isLatent() ? null : cpu.embed(kv, step),
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
                heads.shape().bytesFor(type, 1) * positions,
                tokens
                        * positions
                        * 2
                        * heads.count
                        * (heads.shape().headDim() + heads.shape().valueDim()));
        return out;
    }
}
