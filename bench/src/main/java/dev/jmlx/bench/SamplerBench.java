package dev.jmlx.bench;

import dev.jmlx.engine.sample.Sampler;
import dev.jmlx.engine.sample.SamplingParams;
import java.util.Random;
import java.util.SplittableRandom;
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
import org.openjdk.jmh.annotations.Warmup;

/// One token drawn from bell-shaped logits, with or without ten tokens that hold most of the probability, as in the
/// middle of a sentence. Microseconds, one thread.
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SamplerBench {
    /// Of SmolLM2, and of Llama 3.
    @Param({"49152", "128256"})
    public int vocabulary;

    @Param({"GREEDY", "ALL", "TOP_P", "TOP_K"})
    public Choice choice = Choice.GREEDY;

    /// Whether ten tokens stand out.
    @Param({"true", "false"})
    public boolean peaked;

    private final SplittableRandom random = new SplittableRandom(1);
    private Sampler sampler = new Sampler(0);
    private float[] logits = new float[0];
    private SamplingParams params = SamplingParams.GREEDY;

    /// What may be drawn.
    public enum Choice {
        GREEDY,
        /// The API's default.
        ALL,
        TOP_P,
        TOP_K
    }

    @Setup
    public void setup() {
        params = switch (choice) {
            case GREEDY -> SamplingParams.GREEDY;
            case ALL -> new SamplingParams(1, 1, 0, null);
            case TOP_P -> new SamplingParams(0.7f, 0.9f, 0, null);
            case TOP_K -> new SamplingParams(0.7f, 1, 40, null);
        };
        sampler = new Sampler(vocabulary);
        logits = new float[vocabulary];
        var source = new Random(1);
        for (var i = 0; i < vocabulary; i++) {
            logits[i] = (float) (2.5 * source.nextGaussian());
        }
        for (var i = 1; peaked && i <= 10; i++) {
            logits[i * vocabulary / 11] = 20 - i;
        }
    }

    @Benchmark
    public int token() {
        return sampler.sample(logits, params, random);
    }
}
