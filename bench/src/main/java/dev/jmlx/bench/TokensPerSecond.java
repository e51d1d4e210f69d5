package dev.jmlx.bench;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineOptions;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/// End to end: prompt and answer tokens per second through the public engine.
///
/// Arguments: [SpeedOptions#USAGE]. Figures are tokens per second unless their name says otherwise:
/// - `first_token_millis`: milliseconds from the start of the process to the first token of an answer to a
///   short prompt, which is submitted as soon as the engine takes it.
/// - `first_2s`, `warm_2s`: answer tokens in the two seconds after that token, and after the first token of a
///   request behind the warm-up.
/// - `prefill_N`: a prompt of N tokens until its first answer token.
/// - `decode_N`: answer tokens behind a prompt of N, from the first to the last.
/// - `decode_N_cpu_millis`: processor time for each of these, over all threads; it tells more than the
///   clock on a machine with other work.
/// - `peak_bytes`: largest resident memory (`VmHWM`, on Linux) so far.
/// - `checkpoint_bytes`: the weights' files.
/// - `sequences_N`: answer tokens of N sequences together, each behind a prompt of 128; the median of seven, which
///   take turns with those of the other N.
///
/// `bench/compare` calls it with `--json`. Main thread.
public final class TokensPerSecond {
    private TokensPerSecond() {}

    /// See the class.
    public static void main(String[] args) throws InterruptedException {
        var options = SpeedOptions.parse(args);
        var engineOptions = new EngineOptions(
                "cpu", options.threads(), options.mostSequences(), 64, options.precision(), CacheType.F16);
        try (var engine = Engine.open(options.folder(), engineOptions)) {
            var results = new SpeedRun(engine, options).measure();
            System.out.println(options.json() ? json(results) : engine.info() + "\n" + lines(results));
        }
    }

    private static String json(Map<String, Double> results) {
        return results.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "\"%s\": %.3f", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(", ", "{", "}"));
    }

    private static String lines(Map<String, Double> results) {
        return results.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "%-24s %,.1f", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining("\n"));
    }
}
