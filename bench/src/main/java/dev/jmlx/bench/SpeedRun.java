package dev.jmlx.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.Generation;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.engine.sample.SamplingParams;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;

/// One process's measurements of one engine, in the order cold, warm-up, warm, memory, several sequences.
///
/// Every prompt is random ids, so no cache can know it; answers are greedy and without stop ids. Used
/// once, by one thread.
final class SpeedRun {
    private static final int FIRST_ORDINARY_ID = 100;
    private static final int IDS = 20_000;
    private static final Duration START = Duration.ofSeconds(2);

    /// Not the length that an engine warms up with.
    private static final int START_PROMPT = 21;

    private static final int WARM_UP_PROMPT = 512;
    private static final int SHARED_CONTEXT = 128;

    /// Measurements of several sequences, of which the median counts.
    private static final int TURNS = 7;

    private static final Path PROCESS_STATUS = Path.of("/proc/self/status");
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final Engine engine;
    private final SpeedOptions options;
    private final Random random = new Random(1);
    private final Map<String, Double> results = new LinkedHashMap<>();

    SpeedRun(Engine engine, SpeedOptions options) {
        this.engine = engine;
        this.options = options;
    }

    /// Tokens per second of one prompt and its answer, and milliseconds of processor time for an answer
    /// token over all threads, waiting ones included.
    private record Speed(double prompt, double answer, double answerCpuMillis) {}

    /// A tokens-per-second figure that can be taken again.
    @FunctionalInterface
    private interface Figure {
        double measure() throws InterruptedException;
    }

    /// Runs everything that was asked for; the names of the figures stand in [TokensPerSecond].
    Map<String, Double> measure() throws InterruptedException {
        var started = ManagementFactory.getRuntimeMXBean().getStartTime();
        results.put("first_2s", startSpeed(() -> {
            results.put("first_token_millis", (double) (System.currentTimeMillis() - started));
        }));
        warmUp();
        results.put("warm_2s", startSpeed(() -> {}));
        for (int prompt : options.prompts()) {
            put("prefill_" + prompt, () -> round(prompt, 2).prompt());
        }
        for (int context : options.contexts()) {
            put("decode_" + context, () -> answerSpeed(context));
        }
        peakBytes().ifPresent(bytes -> results.put("peak_bytes", (double) bytes));
        results.put("checkpoint_bytes", (double) engine.info().weightBytes());
        putTogether();
        return results;
    }

    private void put(String name, Figure figure) throws InterruptedException {
        var values = new double[options.rounds()];
        for (var i = 0; i < values.length; i++) {
            values[i] = figure.measure();
        }
        results.put(name, median(values));
    }

    /// In turns, because the figures are compared with each other and a shared machine's speed changes within seconds.
    private void putTogether() throws InterruptedException {
        var counts = options.sequences();
        var values = new double[counts.size()][options.rounds() * TURNS];
        for (int count : counts) {
            warmUpTogether(count);
        }
        for (var turn = 0; turn < options.rounds() * TURNS; turn++) {
            for (var i = 0; i < counts.size(); i++) {
                values[i][turn] = together(counts.get(i));
            }
        }
        for (var i = 0; i < counts.size(); i++) {
            results.put("sequences_" + counts.get(i), median(values[i]));
        }
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private void warmUp() throws InterruptedException {
        var end = System.nanoTime() + (long) (options.warmUpSeconds() * 1e9);
        do {
            round(Math.min(WARM_UP_PROMPT, engine.contextLength() - options.answer()), options.answer());
        } while (System.nanoTime() < end);
    }

    /// Several answers use kernels that one does not.
    private void warmUpTogether(int count) throws InterruptedException {
        var end = System.nanoTime() + (long) (options.warmUpSeconds() * 1e9);
        do {
            together(count);
        } while (count > 1 && System.nanoTime() < end);
    }

    /// Answer tokens per second in the [#START] after the first token of a request with a short prompt.
    private double startSpeed(Runnable atFirstToken) throws InterruptedException {
        var generation = submit(START_PROMPT, engine.contextLength() - START_PROMPT);
        awaitTokens(generation, 1);
        atFirstToken.run();
        var tokens = 0;
        var end = System.nanoTime() + START.toNanos();
        while (generation.next(Duration.ofNanos(end - System.nanoTime())).orElse(null) instanceof TokenEvent.Token) {
            tokens++;
        }
        stop(generation);
        return tokens / (double) START.toSeconds();
    }

    private double answerSpeed(int context) throws InterruptedException {
        var speed = round(context, options.answer() + 1);
        results.put("decode_" + context + "_cpu_millis", speed.answerCpuMillis());
        return speed.answer();
    }

    private Speed round(int prompt, int answer) throws InterruptedException {
        var start = System.nanoTime();
        try (var generation = submit(prompt, answer)) {
            awaitTokens(generation, 1);
            var first = System.nanoTime();
            var firstCpu = SYSTEM.getProcessCpuTime();
            awaitTokens(generation, answer - 1);
            var end = System.nanoTime();
            var cpu = (SYSTEM.getProcessCpuTime() - firstCpu) / 1e6 / (answer - 1);
            return new Speed(prompt * 1e9 / (first - start), (answer - 1) * 1e9 / (end - first), cpu);
        }
    }

    /// Tokens per second of `count` answers together.
    ///
    /// The last sequence's clock serves for all: prompts are read in the order in which they came, so
    /// from its first token on every step gives each sequence one token.
    private double together(int count) throws InterruptedException {
        var generations = new ArrayList<Generation>();
        for (var i = 0; i < count; i++) {
            generations.add(submit(SHARED_CONTEXT, engine.contextLength() - SHARED_CONTEXT));
        }
        var last = generations.getLast();
        awaitTokens(last, 1);
        var start = System.nanoTime();
        awaitTokens(last, options.answer());
        var end = System.nanoTime();
        for (var generation : generations) {
            stop(generation);
        }
        return count * options.answer() * 1e9 / (end - start);
    }

    private Generation submit(int prompt, int answer) {
        var ids = random.ints(prompt, FIRST_ORDINARY_ID, IDS).toArray();
        return engine.submit(new GenerationRequest(ids, answer, new int[0], SamplingParams.GREEDY));
    }

    private static void awaitTokens(Generation generation, int count) throws InterruptedException {
        for (var i = 0; i < count; i++) {
            if (!(generation.next() instanceof TokenEvent.Token)) {
                throw new IllegalStateException("the engine gave " + i + " of " + count + " tokens");
            }
        }
    }

    /// Cancels and waits for the end, so that the next figure has the machine for itself.
    private static void stop(Generation generation) throws InterruptedException {
        generation.cancel();
        var event = generation.next();
        while (event instanceof TokenEvent.Token) {
            event = generation.next();
        }
    }

    /// The process's largest resident memory so far; empty where the system does not tell.
    private static OptionalLong peakBytes() {
        if (!Files.isReadable(PROCESS_STATUS)) {
            return OptionalLong.empty();
        }
        try (var lines = Files.lines(PROCESS_STATUS)) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
