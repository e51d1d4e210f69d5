package dev.jmlx.engine.sample;

import java.util.Arrays;
import java.util.SplittableRandom;

/// Chooses the next token from a row of logits.
///
/// Steps, in mlx-lm's order: `top_p` on the probabilities at temperature 1, then `top_k` among what is left,
/// then the draw at `temperature`. With `top_p`
/// only candidates that can survive are sorted; `top_k` alone sorts the vocabulary. One instance serves all
/// sequences of an engine and owns the scratch memory; engine thread only.
public final class Sampler {
    private final float[] weights;
    private final long[] candidates;

    public Sampler(int vocabSize) {
        weights = new float[vocabSize];
        candidates = new long[vocabSize];
    }

    /// The token that `params` chooses from `logits`; `random` is the sequence's own. Throws
    /// [BrokenLogitsException] for logits that are no distribution.
    public int sample(float[] logits, SamplingParams params, SplittableRandom random) {
        var best = argmax(logits);
        if (params.temperature() == 0 || params.topK() == 1) {
            return best;
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

    /// Fills `candidates` with the tokens that may be drawn, and returns how many they are.
    private int candidates(float[] logits, float max, SamplingParams params) {
        var vocabSize = weights.length;
        if (params.topP() == 1 && params.topK() == 0) {
            for (var i = 0; i < vocabSize; i++) {
                candidates[i] = i;
            }
            return vocabSize;
        }
        var count = params.topP() < 1
                ? nucleus(logits, max, params.topP())
                : sortAbove(logits, largest(logits, params.topK()));
        return params.topK() > 0 ? Math.min(count, params.topK()) : count;
    }

    /// The smallest set of most probable tokens whose probabilities reach `topP`, most probable first.
    private int nucleus(float[] logits, float max, float topP) {
        double sum = 0;
        for (var i = 0; i < weights.length; i++) {
            weights[i] = (float) Math.exp(logits[i] - max);
            sum += weights[i];
        }
        // Tokens below this probability add up to less than 1 - topP, so none of them can be in the set.
        var floor = (float) (max + Math.log((1 - topP) / weights.length * sum));
        var count = sortAbove(logits, Math.min(floor, max));
        double wanted = topP * sum;
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
        var count = 0;
        for (var i = 0; i < weights.length; i++) {
            if (logits[i] >= floor) {
                candidates[count++] = ((long) ~ascending(logits[i]) << 32) | i;
            }
        }
        Arrays.sort(candidates, 0, count);
        for (var i = 0; i < count; i++) {
            candidates[i] &= 0xFFFF_FFFFL;
        }
        return count;
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
