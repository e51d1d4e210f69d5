package dev.jmlx.bench;

import dev.jmlx.engine.cpu.CpuBackend;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/// What rounded activations cost: a text's likelihood with [Precision#FAST] against [Precision#EXACT].
///
/// Arguments: [#USAGE]. Both read the same ids in windows of [#WINDOW], `STEP` of them in each step, since one
/// token, a few and a prompt have kernels of their own; a rest shorter than a window is left out. The cache is
/// f32. Printed: perplexity of both, how often the best next token is the same, and the mean absolute
/// difference of a token's log-likelihood. Main thread.
public final class Accuracy {
    private static final int WINDOW = 1024;
    private static final String USAGE = "arguments: FOLDER TEXT_FILE STEP [THREADS]; STEP is 1 to " + WINDOW
            + ", the text at least " + WINDOW + " tokens long";

    private final int step;
    private int tokens;
    private int agreeing;
    private double exactSum;
    private double fastSum;
    private double differences;

    private Accuracy(int step) {
        this.step = step;
    }

    /// See the class.
    public static void main(String[] args) throws IOException {
        if (args.length < 3 || args.length > 4) {
            throw new IllegalArgumentException(USAGE);
        }
        var folder = Path.of(args[0]);
        var ids = TokenizerJson.load(folder).encode(Files.readString(Path.of(args[1])));
        var step = Integer.parseInt(args[2]);
        if (step < 1 || step > WINDOW || ids.length < WINDOW) {
            throw new IllegalArgumentException(ids.length + " tokens, step " + step + "; " + USAGE);
        }
        var threads = args.length == 4 ? Integer.parseInt(args[3]) : 2;
        try (var exact = new TextReader(folder, new CpuBackend().open(threads, Precision.EXACT), WINDOW, step);
                var fast = new TextReader(folder, new CpuBackend().open(threads, Precision.FAST), WINDOW, step)) {
            var accuracy = new Accuracy(step);
            for (var from = 0; from + WINDOW <= ids.length; from += WINDOW) {
                accuracy.window(Arrays.copyOfRange(ids, from, from + WINDOW), exact, fast);
            }
            System.out.println(accuracy.lines());
        }
    }

    /// The last id of a window is only predicted.
    private void window(int[] ids, TextReader exact, TextReader fast) {
        exact.reset();
        fast.reset();
        for (var at = 0; at < WINDOW - 1; at += step) {
            var count = Math.min(step, WINDOW - 1 - at);
            exact.read(ids, at, count);
            fast.read(ids, at, count);
            for (var i = 0; i < count; i++) {
                compare(exact.logits(i), fast.logits(i), ids[at + i + 1]);
            }
        }
    }

    private void compare(float[] exact, float[] fast, int next) {
        var exactBest = best(exact);
        var fastBest = best(fast);
        var wanted = logLikelihood(exact, exactBest, next);
        var found = logLikelihood(fast, fastBest, next);
        tokens++;
        agreeing += exactBest == fastBest ? 1 : 0;
        exactSum += wanted;
        fastSum += found;
        differences += Math.abs(found - wanted);
    }

    private static double logLikelihood(float[] logits, int best, int token) {
        var largest = logits[best];
        var sum = 0.0;
        for (var logit : logits) {
            sum += Math.exp((double) logit - largest);
        }
        return (double) logits[token] - largest - Math.log(sum);
    }

    private static int best(float[] logits) {
        var best = 0;
        for (var i = 1; i < logits.length; i++) {
            if (logits[i] > logits[best]) {
                best = i;
            }
        }
        return best;
    }

    private String lines() {
        var exact = Math.exp(-exactSum / tokens);
        var fast = Math.exp(-fastSum / tokens);
        return String.format(
                Locale.ROOT,
                """
                %,d tokens predicted, %d in a step
                perplexity: exact %.3f, fast %.3f (%+.3f %%)
                same best token: %.2f %%
                mean difference of a token's log-likelihood: %.4f""",
                tokens,
                step,
                exact,
                fast,
                100 * (fast / exact - 1),
                100.0 * agreeing / tokens,
                differences / tokens);
    }
}
