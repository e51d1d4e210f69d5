package dev.jmlx.engine.sample;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Chooses the next token from a row of logits.
///
/// Steps, in mlx-lm's order: `top_p` on the probabilities at temperature 1, then `top_k` among what is left,
/// then the draw at `temperature`. Of the vocabulary only the upper part is sorted; without `top_p` and `top_k`
/// nothing is. An instance owns its scratch memory and serves any sequence; one thread.
///
/// The loop that computes weights is written so that C2 turns it into vectors: with [Math#exp] a draw at
/// temperature 1 from 128,256 logits took 0.78 ms instead of 0.12.
public final class Sampler {
    /// Tokens whose weights are summed by themselves, so that a draw walks through one such stretch only.
    private static final int STRETCH = 256;

    /// How far below the largest logit the search for the most probable tokens looks first.
    private static final float FIRST_DEPTH = 8;

    /// So far below the largest logit, in units of the temperature, every weight is 0.
    private static final float LAST_DEPTH = 128;

    /// What [#weigh] left; a test reads it.
    final float[] weights;

    private final double[] stretchSums;
    private final long[] candidates;

    public Sampler(int vocabSize) {
        weights = new float[vocabSize];
        stretchSums = new double[Math.ceilDiv(vocabSize, STRETCH)];
        candidates = new long[vocabSize];
    }

    /// The token that `params` chooses from `logits`; `random` is the sequence's own. Throws
    /// [BrokenLogitsException] for logits that are no distribution.
    public int sample(float[] logits, SamplingParams params, SplittableRandom random) {
        var best = argmax(logits);
        if (params.temperature() == 0 || params.topK() == 1) {
            return best;
        }
        if (params.topP() == 1 && params.topK() == 0) {
            return drawFromAll(logits, best, params.temperature(), random);
        }
        var count = candidates(logits, logits[best], params);
        return draw(logits, logits[best], count, params.temperature(), random);
    }

    private int argmax(float[] logits) {
        var best = 0;
        for (var i = 1; i < weights.length; i++) {
            // Written so that a NaN becomes the best and stays it.
            if (!(logits[i] <= logits[best]) && !Float.isNaN(logits[best])) {
                best = i;
            }
        }
        if (!Float.isFinite(logits[best])) {
            throw new BrokenLogitsException(best, logits[best]);
        }
        return best;
    }

    private int drawFromAll(float[] logits, int best, float temperature, SplittableRandom random) {
        var left = random.nextDouble() * weigh(logits, logits[best], temperature);
        for (var stretch = 0; stretch < stretchSums.length; stretch++) {
            if (left < stretchSums[stretch]) {
                for (var i = stretch * STRETCH; i < Math.min(weights.length, (stretch + 1) * STRETCH); i++) {
                    left -= weights[i];
                    if (left < 0) {
                        return i;
                    }
                }
                break; // rounding used up the stretch
            }
            left -= stretchSums[stretch];
        }
        return best;
    }

    /// Fills `weights` with `exp((logits - max) / temperature)`, and returns their sum. Relative errors are at most
    /// 4e-5 down to `exp(-87)` and larger below; from `exp(-104)` on a weight is 0.
    ///
    /// `exp(x) = exp(x / 128)^128`, the small exponential by its Taylor polynomial of degree 9 on -1 to 0: only
    /// products and sums, since C2 (Java 25) does not vectorize putting a power of two together from bits.
    double weigh(float[] logits, float max, float temperature) {
        var factor = 1 / Math.max(temperature, Float.MIN_NORMAL);
        for (var i = 0; i < weights.length; i++) {
            var t = Math.max((logits[i] - max) * factor, -LAST_DEPTH) * (1 / LAST_DEPTH);
            var p = t * (1f / 362_880) + 1f / 40_320;
            p = p * t + 1f / 5_040;
            p = p * t + 1f / 720;
            p = p * t + 1f / 120;
            p = p * t + 1f / 24;
            p = p * t + 1f / 6;
            p = p * t + 1f / 2;
            p = p * t + 1f;
            p = p * t + 1f;
            var p2 = p * p;
            var p4 = p2 * p2;
            var p8 = p4 * p4;
            var p16 = p8 * p8;
            var p32 = p16 * p16;
            var p64 = p32 * p32;
            weights[i] = p64 * p64;
        }
        double sum = 0;
        for (var stretch = 0; stretch < stretchSums.length; stretch++) {
            stretchSums[stretch] = sum(stretch * STRETCH, Math.min(weights.length, (stretch + 1) * STRETCH));
            sum += stretchSums[stretch];
        }
        return sum;
    }

    /// The sum of `weights[from .. to - 1]`, in four chains, since one would wait for each addition.
    private double sum(int from, int to) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        var i = from;
        for (; i + 3 < to; i += 4) {
            a += weights[i];
            b += weights[i + 1];
            c += weights[i + 2];
            d += weights[i + 3];
        }
        for (; i < to; i++) {
            a += weights[i];
        }
        return a + b + (c + d);
    }

    /// Fills `candidates` with the tokens that may be drawn, most probable first, and returns how many they are.
    private int candidates(float[] logits, float max, SamplingParams params) {
        if (params.topP() == 1) {
            return Math.min(params.topK(), sortAbove(logits, largest(logits, params.topK())));
        }
        var count = nucleus(logits, max, params.topP());
        return params.topK() > 0 ? Math.min(count, params.topK()) : count;
    }

    /// The smallest set of most probable tokens whose probabilities reach `topP`.
    private int nucleus(float[] logits, float max, float topP) {
        var sum = weigh(logits, max, 1);
        var wanted = topP * sum;
        // Tokens below this probability add up to less than 1 - topP, so none of them can be in the set.
        var floor = Math.min(max, (float) (max + Math.log((1 - topP) / weights.length * sum)));
        var count = 0;
        var depth = FIRST_DEPTH;
        for (double reached = 0; reached < wanted && depth <= LAST_DEPTH; depth *= 2) {
            count = collect(logits, Math.max(max - depth, floor));
            reached = 0;
            for (var i = 0; i < count; i++) {
                reached += weights[(int) candidates[i]];
            }
        }
        sort(count);
        var kept = 0;
        for (double reached = 0; kept < count && reached < wanted; kept++) {
            reached += weights[(int) candidates[kept]];
        }
        return Math.max(kept, 1);
    }

    /// The `count`-th largest logit, or minus infinity when there are no more than that.
    private float largest(float[] logits, int count) {
        if (count >= weights.length) {
            return Float.NEGATIVE_INFINITY;
        }
        // The largest so far are a heap in `weights` whose root is the smallest of them.
        System.arraycopy(logits, 0, weights, 0, count);
        for (var i = count / 2 - 1; i >= 0; i--) {
            siftDown(i, count);
        }
        for (var i = count; i < weights.length; i++) {
            if (logits[i] > weights[0]) {
                weights[0] = logits[i];
                siftDown(0, count);
            }
        }
        return weights[0];
    }

    private void siftDown(int from, int count) {
        var value = weights[from];
        var at = from;
        for (var child = 2 * at + 1; child < count; child = 2 * at + 1) {
            if (child + 1 < count && weights[child + 1] < weights[child]) {
                child++;
            }
            if (weights[child] >= value) {
                break;
            }
            weights[at] = weights[child];
            at = child;
        }
        weights[at] = value;
    }

    /// Sorts the tokens whose logit is at least `floor`, largest first; of equal ones the smaller id
    /// comes first.
    private int sortAbove(float[] logits, float floor) {
        var count = collect(logits, floor);
        sort(count);
        return count;
    }

    /// Fills `candidates` with the tokens whose logit is at least `floor`: the id in the lower half, what [#sort]
    /// sorts by in the upper.
    private int collect(float[] logits, float floor) {
        var count = 0;
        for (var i = 0; i < weights.length; i++) {
            if (logits[i] >= floor) {
                candidates[count++] = ((long) ~ascending(logits[i]) << 32) | i;
            }
        }
        return count;
    }

    /// Sorts what [#collect] found and leaves the tokens' ids.
    private void sort(int count) {
        Arrays.sort(candidates, 0, count);
        for (var i = 0; i < count; i++) {
            candidates[i] &= 0xFFFF_FFFFL;
        }
    }

    /// An int that is ordered as the float is.
    private static int ascending(float value) {
        var bits = Float.floatToIntBits(value);
        return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
    }

    private int draw(float[] logits, float max, int count, float temperature, SplittableRandom random) {
        double sum = 0;
        for (var i = 0; i < count; i++) {
            weights[i] = (float) Math.exp((logits[(int) candidates[i]] - max) / temperature);
            sum += weights[i];
        }
        var left = random.nextDouble() * sum;
        for (var i = 0; i < count; i++) {
            left -= weights[i];
            if (left < 0) {
                return (int) candidates[i];
            }
        }
        return (int) candidates[0];
    }
}
