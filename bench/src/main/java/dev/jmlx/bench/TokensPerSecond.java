package dev.jmlx.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.engine.sample.SamplingParams;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/// End to end: prompt and answer tokens per second of one sequence, through the public engine.
///
/// Arguments: model folder, threads, prompt tokens, answer tokens, rounds. A round is one prompt of random ids and one
/// greedy answer without stop ids; prompt speed is `prompt / time to the first token`, answer speed
/// `(answer - 1) / time from the first to the last token`. The first rounds compile the kernels; the line of medians
/// leaves out the first half. On a machine with other work, the processor time of an answer token tells more than the
/// clock: it is printed too, over all threads, waiting ones included. Main thread.
public final class TokensPerSecond {
    private static final int FIRST_ORDINARY_ID = 100;
    private static final int IDS = 20_000;
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final Engine engine;
    private final int prompt;
    private final int answer;
    private final Random random = new Random(1);

    private TokensPerSecond(Engine engine, int prompt, int answer) {
        this.engine = engine;
        this.prompt = prompt;
        this.answer = answer;
    }

    /// Speeds of one round in tokens per second, and milliseconds of processor time for an answer token.
    private record Speed(double prompt, double answer, double answerCpuMillis) {}

    /// See the class.
    public static void main(String[] args) throws InterruptedException {
        if (args.length != 5) {
            throw new IllegalArgumentException(
                    "arguments: model folder, threads, prompt tokens, answer tokens, rounds");
        }
        var options = new EngineOptions("cpu", Integer.parseInt(args[1]), 1, 1, CacheType.F16);
        try (var engine = Engine.open(Path.of(args[0]), options)) {
            var bench = new TokensPerSecond(engine, Integer.parseInt(args[2]), Integer.parseInt(args[3]));
            System.out.println(engine.info());
            var speeds = new Speed[Integer.parseInt(args[4])];
            for (var round = 0; round < speeds.length; round++) {
                speeds[round] = bench.round();
                print("round " + round, speeds[round]);
            }
            var warm = Arrays.copyOfRange(speeds, speeds.length / 2, speeds.length);
            var prompts =
                    Arrays.stream(warm).mapToDouble(Speed::prompt).sorted().toArray();
            var millis = Arrays.stream(warm)
                    .mapToDouble(Speed::answerCpuMillis)
                    .sorted()
                    .toArray();
            var answers =
                    Arrays.stream(warm).mapToDouble(Speed::answer).sorted().toArray();
            print(
                    "median",
                    new Speed(prompts[prompts.length / 2], answers[answers.length / 2], millis[millis.length / 2]));
        }
    }

    private static void print(String name, Speed speed) {
        System.out.printf(
                Locale.ROOT,
                "%s: prompt %.1f/s, answer %.1f/s, processor %.2f ms per answer token%n",
                name,
                speed.prompt,
                speed.answer,
                speed.answerCpuMillis);
    }

    private Speed round() throws InterruptedException {
        var ids = random.ints(prompt, FIRST_ORDINARY_ID, IDS).toArray();
        var start = System.nanoTime();
        try (var generation = engine.submit(new GenerationRequest(ids, answer, new int[0], SamplingParams.GREEDY))) {
            var first = 0L;
            var firstCpu = 0L;
            var tokens = 0;
            while (generation.next() instanceof TokenEvent.Token) {
                if (tokens++ == 0) {
                    first = System.nanoTime();
                    firstCpu = SYSTEM.getProcessCpuTime();
                }
            }
            if (tokens != answer) {
                throw new IllegalStateException("the engine gave " + tokens + " of " + answer + " tokens");
            }
            var end = System.nanoTime();
            var cpu = (SYSTEM.getProcessCpuTime() - firstCpu) / 1e6 / (answer - 1);
            return new Speed(prompt * 1e9 / (first - start), (answer - 1) * 1e9 / (end - first), cpu);
        }
    }
}
