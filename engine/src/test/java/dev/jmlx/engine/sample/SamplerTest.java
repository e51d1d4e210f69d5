package dev.jmlx.engine.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SamplerTest {
    private static final float[] LOGITS = {1, 3, 2, 0, 3};
    private static final int DRAWS = 20_000;

    @Test
    void greedyTakesTheFirstOfTheLargest() {
        assertThat(sampler().sample(LOGITS, SamplingParams.GREEDY, new SplittableRandom(1)))
                .isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void refusesLogitsThatAreNoDistribution(float broken) {
        for (var params : List.of(SamplingParams.GREEDY, new SamplingParams(1, 0.5f, 3, null))) {
            for (var i = 0; i < LOGITS.length; i++) {
                var logits = LOGITS.clone();
                logits[i] = broken;
                assertThatThrownBy(() -> sampler().sample(logits, params, new SplittableRandom(1)))
                        .isInstanceOf(BrokenLogitsException.class)
                        .hasMessageContaining("computed " + broken + " for token " + i + ";");
            }
        }
    }

    @Test
    void neverDrawsWhatIsRuledOut() {
        var logits = LOGITS.clone();
        logits[1] = Float.NEGATIVE_INFINITY;
        var random = new SplittableRandom(1);
        for (var i = 0; i < DRAWS; i++) {
            assertThat(sampler().sample(logits, new SamplingParams(2, 1, 0, null), random))
                    .isNotEqualTo(1);
        }
    }

    @Test
    void drawsInProportionToTheProbabilities() {
        var counts = draw(new SamplingParams(1, 1, 0, null));
        var sum = 0.0;
        for (var logit : LOGITS) {
            sum += Math.exp(logit);
        }
        for (var i = 0; i < LOGITS.length; i++) {
            var expected = Math.exp(LOGITS[i]) / sum;
            // Five standard deviations of a binomial count.
            var slack = 5 * Math.sqrt(expected * (1 - expected) / DRAWS);
            assertThat(counts[i] / (double) DRAWS).isBetween(expected - slack, expected + slack);
        }
    }

    @Test
    void ruledOutTokensAreNotDrawnWhereStretchesMeet() {
        var logits = new float[600];
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        var possible = Set.of(254, 257, 513);
        possible.forEach(token -> logits[token] = 1);
        var sampler = new Sampler(logits.length);
        var random = new SplittableRandom(1);
        for (var params : List.of(
                new SamplingParams(1, 1, 0, null),
                new SamplingParams(1, 0.999f, 0, null),
                new SamplingParams(1, 1, 5, null),
                new SamplingParams(1, 0.999f, 5, null))) {
            var drawn = new TreeSet<Integer>();
            for (var i = 0; i < 1_000; i++) {
                drawn.add(sampler.sample(logits, params, random));
            }
            assertThat(drawn).isEqualTo(possible);
        }
    }

    @Test
    void weightsAreExponentials() {
        var logits = new float[87_001];
        for (var i = 0; i < logits.length; i++) {
            logits[i] = i / -1_000f;
        }
        var sampler = new Sampler(logits.length);
        var sum = sampler.weigh(logits, 0, 1);
        var expectedSum = 0.0;
        for (var i = 0; i < logits.length; i++) {
            var expected = Math.exp(logits[i]);
            assertThat(sampler.weights[i] / expected).isBetween(1 - 4e-5, 1 + 4e-5);
            expectedSum += expected;
        }
        assertThat(sum / expectedSum).isBetween(1 - 4e-5, 1 + 4e-5);
        sampler.weigh(logits, 104, 1);
        assertThat(sampler.weights).containsOnly(0);
    }

    /// The token at which the cumulative probabilities, computed in double, reach the random number.
    @Property(tries = 300)
    void drawsFromAllWhereTheCumulativeProbabilitiesReachTheRandomNumber(
            @ForAll("logits") float[] logits,
            @ForAll @FloatRange(min = 0.1f, max = 5) float temperature,
            @ForAll long seed) {
        var token = new Sampler(logits.length)
                .sample(logits, new SamplingParams(temperature, 1, 0, null), new SplittableRandom(seed));
        var upTo = new double[logits.length + 1];
        for (var i = 0; i < logits.length; i++) {
            upTo[i + 1] = upTo[i] + Math.exp(logits[i] / (double) temperature);
        }
        var reached = new SplittableRandom(seed).nextDouble() * upTo[logits.length];
        var slack = 1e-4 * upTo[logits.length];
        assertThat(reached).isBetween(upTo[token] - slack, upTo[token + 1] + slack);
    }

    @Test
    void topPFindsWhatLiesFarBelowTheLargest() {
        var logits = new float[20_000];
        Arrays.fill(logits, -10);
        logits[7] = 0;
        var random = new SplittableRandom(1);
        var sampler = new Sampler(logits.length);
        var draws = 500;
        var first = 0;
        for (var i = 0; i < draws; i++) {
            first += sampler.sample(logits, new SamplingParams(1, 0.8f, 0, null), random) == 7 ? 1 : 0;
        }
        var expected = 1 / (0.8 * (1 + 19_999 * Math.exp(-10)));
        var slack = 5 * Math.sqrt(expected * (1 - expected) / draws);
        assertThat(first / (double) draws).isBetween(expected - slack, expected + slack);
    }

    /// Of two largest tokens both come, which they do not where a weight is NaN.
    @Test
    void aTinyTemperatureTakesTheLargest() {
        var params = new SamplingParams(Float.MIN_VALUE, 1, 0, null);
        assertThat(drawn(params)).containsExactly(1, 4);
    }

    @Test
    void topKKeepsTheLargest() {
        assertThat(drawn(new SamplingParams(1, 1, 3, null))).containsExactly(1, 2, 4);
    }

    @Test
    void topPKeepsTheSmallestSetThatReachesIt() {
        // Probabilities: 0.051, 0.375, 0.138, 0.019, 0.375 (and rounding).
        assertThat(drawn(new SamplingParams(1, 0.3f, 0, null))).containsExactly(1);
        assertThat(drawn(new SamplingParams(1, 0.7f, 0, null))).containsExactly(1, 4);
        assertThat(drawn(new SamplingParams(1, 0.8f, 0, null))).containsExactly(1, 2, 4);
        assertThat(drawn(new SamplingParams(1, 0.99f, 0, null))).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void topPCountsAtTemperatureOne() {
        assertThat(drawn(new SamplingParams(100, 0.7f, 0, null))).containsExactly(1, 4);
    }

    @Test
    void sameSeedSameTokens() {
        var params = new SamplingParams(1, 0.95f, 4, 42L);
        assertThat(draw(params)).isEqualTo(draw(params));
    }

    @Test
    void refusesParametersOutOfRange() {
        assertThatThrownBy(() -> new SamplingParams(-1, 1, 0, null)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new SamplingParams(Float.NaN, 1, 0, null)).hasMessageContaining("temperature");
        assertThatThrownBy(() -> new SamplingParams(1, 0, 0, null)).hasMessageContaining("top_p");
        assertThatThrownBy(() -> new SamplingParams(1, 1.01f, 0, null)).hasMessageContaining("top_p");
        assertThatThrownBy(() -> new SamplingParams(1, 1, -1, null)).hasMessageContaining("top_k");
    }

    @Property(tries = 300)
    void theTokenIsAlwaysAmongThoseThatAFullSortKeeps(
            @ForAll("logits") float[] logits,
            @ForAll @FloatRange(min = 0.01f, max = 1) float topP,
            @ForAll @IntRange(max = 20) int topK,
            @ForAll long seed) {
        var token = new Sampler(logits.length)
                .sample(logits, new SamplingParams(1, topP, topK, null), new SplittableRandom(seed));
        assertThat(allowed(logits, topP, topK)).contains(token);
    }

    @Provide
    static Arbitrary<float[]> logits() {
        return Arbitraries.floats()
                .between(-30, 30)
                .array(float[].class)
                .ofMinSize(1)
                .ofMaxSize(2_000);
    }

    /// The definition, by sorting everything; generous by one token where rounding decides.
    private static Set<Integer> allowed(float[] logits, float topP, int topK) {
        var order = new Integer[logits.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Float.compare(logits[b], logits[a]));
        var sum = 0.0;
        for (var logit : logits) {
            sum += Math.exp(logit - logits[order[0]]);
        }
        var kept = new TreeSet<Integer>();
        var reached = 0.0;
        for (var i = 0; i < order.length && reached < topP + 1e-5 && (topK == 0 || i < topK); i++) {
            kept.add(order[i]);
            reached += Math.exp(logits[order[i]] - logits[order[0]]) / sum;
        }
        return withTies(kept, logits);
    }

    private static Set<Integer> withTies(Set<Integer> kept, float[] logits) {
        var result = new TreeSet<>(kept);
        for (var i = 0; i < logits.length; i++) {
            var logit = logits[i];
            if (kept.stream().anyMatch(k -> logits[k] == logit)) {
                result.add(i);
            }
        }
        return result;
    }

    private static Sampler sampler() {
        return new Sampler(LOGITS.length);
    }

    private static Set<Integer> drawn(SamplingParams params) {
        var counts = draw(params);
        var drawn = new TreeSet<Integer>();
        for (var i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                drawn.add(i);
            }
        }
        return drawn;
    }

    private static int[] draw(SamplingParams params) {
        var random = new SplittableRandom(3);
        var sampler = sampler();
        var counts = new int[LOGITS.length];
        for (var i = 0; i < DRAWS; i++) {
            counts[sampler.sample(LOGITS, params, random)]++;
        }
        return counts;
    }
}
