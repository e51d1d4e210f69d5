package dev.jmlx.bench;

import dev.jmlx.engine.ops.Precision;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What [TokensPerSecond] measures, read from its arguments.
///
/// `folder`: the model's. `threads`: CPU threads that compute. `precision`: as a server is asked for.
/// `prompts`: prompt lengths whose speed is measured. `contexts`: prompt lengths behind which answers are
/// measured. `sequences`: how many answers run together. `answer`: answer tokens, at least 2. `warmUpSeconds`:
/// at least so long is run before anything counts, and at least one prompt. `rounds`: repetitions, of which the
/// median counts. `json`: one JSON object instead of lines.
record SpeedOptions(
        Path folder,
        int threads,
        Precision precision,
        List<Integer> prompts,
        List<Integer> contexts,
        List<Integer> sequences,
        int answer,
        double warmUpSeconds,
        int rounds,
        boolean json) {

    static final String USAGE = """
            arguments: FOLDER [--threads 2] [--precision fast|exact] [--prefill 512,2048] [--decode 128,1024] [--sequences 1,2,4,8]
              [--tokens 32] [--warm-up 10] [--rounds 1] [--json]; the lists are empty unless given""";

    SpeedOptions {
        require("threads", threads, 1);
        require("tokens", answer, 2);
        require("rounds", rounds, 1);
        prompts.forEach(count -> require("prefill", count, 1));
        contexts.forEach(count -> require("decode", count, 1));
        sequences.forEach(count -> require("sequences", count, 1));
    }

    /// Reads the command line. Throws IllegalArgumentException with the usage.
    static SpeedOptions parse(String[] args) {
        if (args.length == 0 || args[0].startsWith("--")) {
            throw new IllegalArgumentException(USAGE);
        }
        var given = new LinkedHashMap<String, String>();
        for (var i = 1; i < args.length; i++) {
            var flag = args[i].equals("--json");
            if (!args[i].startsWith("--") || (!flag && i + 1 == args.length)) {
                throw new IllegalArgumentException("cannot read '" + args[i] + "'; " + USAGE);
            }
            given.put(args[i], flag ? "" : args[++i]);
        }
        var options = new SpeedOptions(
                Path.of(args[0]),
                Integer.parseInt(take(given, "--threads", "2")),
                Precision.valueOf(take(given, "--precision", "fast").toUpperCase(Locale.ROOT)),
                numbers(take(given, "--prefill", "")),
                numbers(take(given, "--decode", "")),
                numbers(take(given, "--sequences", "")),
                Integer.parseInt(take(given, "--tokens", "32")),
                Double.parseDouble(take(given, "--warm-up", "10")),
                Integer.parseInt(take(given, "--rounds", "1")),
                given.remove("--json") != null);
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("unknown: " + given.keySet() + "; " + USAGE);
        }
        return options;
    }

    /// Sequences that the engine must have room for.
    int mostSequences() {
        return sequences.stream().mapToInt(Integer::intValue).max().orElse(1);
    }

    private static String take(Map<String, String> given, String name, String otherwise) {
        var value = given.remove(name);
        return value == null ? otherwise : value;
    }

    private static List<Integer> numbers(String list) {
        return Arrays.stream(list.split(","))
                .filter(part -> !part.isBlank())
                .map(part -> Integer.valueOf(part.strip()))
                .toList();
    }

    private static void require(String name, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(name + " must be at least " + least + ", found " + value);
        }
    }
}
