package dev.jmlx.bench;

import dev.jmlx.engine.cpu.CpuOps;
import dev.jmlx.engine.ops.Batch;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.tensor.DType;
import dev.jmlx.engine.tensor.Matrix;
import dev.jmlx.engine.tensor.QuantizationMode;
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

/// Linear layers of 2048 columns and 65536 rows: one token and a few (read GB/s), and many (compute GFLOP/s).
///
/// Weights of 2 bits with their scales are 38 MB, of 4 bits 76 MB, so what one token reads comes from memory where a
/// cache of the last level has less than that.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class LinearBench {
    private static final int ROWS = 65_536;
    private static final int COLS = 2_048;

    /// Bits of a quantized weight, a mode of small floats (whose groups have their own size), or a type.
    @Param({"2", "3", "4", "5", "6", "8", "MXFP4", "MXFP8", "NVFP4", "F16", "BF16", "F32"})
    public String weights = "4";

    @Param({"64"})
    public int groupSize;

    @Param({"1", "4", "256"})
    public int tokens;

    @Param({"1", "2"})
    public int threads;

    @Param({"EXACT", "FAST"})
    public Precision precision = Precision.EXACT;

    private final Arena arena = Arena.ofShared();
    private @Nullable CpuOps ops;
    private @Nullable Matrix weight;
    private @Nullable Matrix activations;
    private @Nullable Batch batch;

    @Setup
    public void create() {
        ops = new CpuOps(threads, precision);
        weight = ops.prepare(randomWeight(), arena);
        activations = ops.prepare(RandomMatrix.dense(arena, DType.F32, tokens, COLS), arena);
        var ids = new int[tokens];
        for (var i = 0; i < tokens; i++) {
            ids[i] = i;
        }
        batch = new Batch(tokens, 1);
        batch.add(0, 0, ids, 0, tokens, Batch.Logits.NONE);
    }

    private Matrix randomWeight() {
        if (Character.isDigit(weights.charAt(0))) {
            return RandomMatrix.quantized(arena, ROWS, COLS, Integer.parseInt(weights), groupSize);
        }
        return weights.contains("FP")
                ? RandomMatrix.microscaled(arena, ROWS, COLS, QuantizationMode.valueOf(weights))
                : RandomMatrix.dense(arena, DType.valueOf(weights), ROWS, COLS);
    }

    @TearDown
    public void free() {
        Objects.requireNonNull(ops).close();
        arena.close();
    }

    @Benchmark
    public Tensor linear(Work work) {
        var matrix = Objects.requireNonNull(weight);
        var cpu = Objects.requireNonNull(ops);
        cpu.beginStep();
        var x = cpu.embed(Objects.requireNonNull(activations), Objects.requireNonNull(batch));
        var y = cpu.linear(x, matrix, null);
        cpu.keepOnly(y); // computes it
        work.add((double) matrix.byteSize(), 2.0 * tokens * ROWS * COLS);
        return y;
    }
}
