package dev.jmlx.engine.cpu;

import dev.jmlx.bench.Work;
import dev.jmlx.engine.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/// [ShortGemm] and [FloatGemm] on one matrix for each thread, to be compared with `MachineLimits` of the same run.
///
/// It stands in the kernels' package, because they are not public. Shapes (rows x columns, group): the projections of a
/// 135M and of a 1B model. The rates are those of the product alone; [#quantize] is what its input costs.
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgsAppend = "--add-modules=jdk.incubator.vector")
public class GemmBench {
    /// Rows that share what they read of the activations, where that matters; see [ShortGemm].
    private static final int UNITS_AT_ONCE = 8;

    @Param({"576x576x32", "1536x576x32", "576x1536x32", "2048x2048x64", "8192x2048x64", "2048x8192x64"})
    public String shape = "";

    @Param({"8", "17", "256"})
    public int tokens;

    private final Arena arena = Arena.ofShared();
    private final ShortInput shorts = new ShortInput();
    private final FloatInput floats = new FloatInput();
    private final ShortGemm shortGemm = new ShortGemm();
    private final FloatGemm floatGemm = new FloatGemm();
    private BlockedWeights weights =
            new BlockedWeights(MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, DType.F16, 0, 0, 32);
    private float[] x = new float[0];
    private float[] out = new float[0];

    @Setup
    public void create() {
        var sizes = shape.split("x", -1);
        weights = random(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), Integer.parseInt(sizes[2]));
        x = new float[tokens * weights.cols()];
        out = new float[tokens * weights.rows()];
        var random = new Random(tokens);
        for (var i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        shorts.resize(tokens, weights.cols(), weights.groupSize());
        floats.resize(tokens, weights.cols());
        for (var tile = 0; tile < floats.tiles(); tile++) {
            shorts.quantize(x, 0, weights.cols(), tile);
            floats.pack(x, 0, weights.cols(), tile);
        }
    }

    @TearDown
    public void free() {
        arena.close();
    }

    @Benchmark
    @Threads(1)
    public float[] shortsByOneThread(Work work) {
        return shorts(work);
    }

    @Benchmark
    @Threads(2)
    public float[] shortsByTwoThreads(Work work) {
        return shorts(work);
    }

    @Benchmark
    @Threads(1)
    public float[] floatsByOneThread(Work work) {
        return floats(work);
    }

    @Benchmark
    @Threads(2)
    public float[] floatsByTwoThreads(Work work) {
        return floats(work);
    }

    /// Arranges and quantizes the activations; the gigabytes are those of f32 activations.
    @Benchmark
    @Threads(1)
    public ShortInput quantize(Work work) {
        for (var tile = 0; tile < shorts.tiles(); tile++) {
            shorts.quantize(x, 0, weights.cols(), tile);
        }
        work.gigabytes += x.length * (double) Float.BYTES / 1e9;
        return shorts;
    }

    private float[] shorts(Work work) {
        var units = ShortGemm.units(weights);
        for (var unit = 0; unit < units; unit += UNITS_AT_ONCE) {
            shortGemm.multiply(weights, unit, Math.min(unit + UNITS_AT_ONCE, units), shorts, out, 0, weights.rows());
        }
        return count(work);
    }

    private float[] floats(Work work) {
        for (var unit = 0; unit < FloatGemm.units(weights); unit++) {
            floatGemm.multiply(weights, unit, floats, out, 0, weights.rows());
        }
        return count(work);
    }

    private float[] count(Work work) {
        work.gigaflops += 2.0 * weights.rows() * weights.cols() * tokens / 1e9;
        return out;
    }

    private BlockedWeights random(int rows, int cols, int groupSize) {
        var random = new Random(rows * 31L + cols);
        var padded = (long) Lanes.roundUp(rows);
        var words = arena.allocate(padded * cols / 2, 64);
        for (var i = 0L; i < words.byteSize() / Integer.BYTES; i++) {
            words.setAtIndex(ValueLayout.JAVA_INT, i, random.nextInt());
        }
        var count = padded * cols / groupSize;
        var scales = arena.allocate(count * Short.BYTES, 64);
        var biases = arena.allocate(count * Short.BYTES, 64);
        for (var i = 0L; i < count; i++) {
            scales.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(0.02f * random.nextFloat()));
            biases.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(-0.1f * random.nextFloat()));
        }
        return new BlockedWeights(words, scales, biases, DType.F16, rows, cols, groupSize);
    }
}
