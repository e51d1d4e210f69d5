package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cpu.CpuBackend;
import dev.jmlx.engine.generate.Engine;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.generate.GenerationRequest;
import dev.jmlx.engine.generate.TokenEvent;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.sample.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The embedded model against mlx-lm with float32 activations: greedy ids, logits of each step, likelihood of
/// the prompt.
///
/// `-Dgoldens.smollm2=FILE` runs any other file of the format.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SmolLm2GoldenTest {
    /// Relative to the spread (standard deviation) of the ten logits that the file gives for a step.
    private static final double TOLERANCE = 2e-3;

    /// MLX's float32 log-sum-exp over 49,152 logits lies 1.0e-4 below the same sum in double (measured
    /// on these prompts).
    private static final double NLL_TOLERANCE = 2e-4;

    /// What `PRECISION=fast` may change a text's perplexity by.
    private static final double PERPLEXITY_TOLERANCE = 0.005;

    private Engine engine;
    private ModelRunner runner;

    @BeforeAll
    void open() {
        engine = Engine.open(
                Fixtures.embeddedModel(), new EngineOptions("cpu", 2, 4, 4, Precision.EXACT, CacheType.F32));
        runner = new ModelRunner(Fixtures.embeddedModel(), new CpuBackend().open(2, Precision.EXACT), CacheType.F32);
    }

    @AfterAll
    void close() {
        runner.close();
        engine.close();
    }

    static Stream<Conversation> conversations() {
        var file = Fixtures.locate("goldens.smollm2", "goldens/smollm2.json");
        return StreamSupport.stream(JsonMapper.shared().readTree(file).spliterator(), false)
                .map(Conversation::new);
    }

    /// One conversation of the file.
    record Conversation(JsonNode json) {
        int[] ids(String key) {
            return StreamSupport.stream(json.get(key).spliterator(), false)
                    .mapToInt(JsonNode::intValue)
                    .toArray();
        }

        @Override
        public String toString() {
            return json.get("messages")
                    .get(json.get("messages").size() - 1)
                    .get("content")
                    .asString();
        }
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void engineGeneratesTheReferenceIds(Conversation conversation) throws InterruptedException {
        var expected = conversation.ids("greedy_ids");
        var stops = engine.generationConfig().eosIds();
        var request =
                new GenerationRequest(conversation.ids("prompt_ids"), expected.length, stops, SamplingParams.GREEDY);
        var generated = new ArrayList<Integer>();
        try (var generation = engine.submit(request)) {
            while (generation.next() instanceof TokenEvent.Token(var id)) {
                generated.add(id);
            }
        }
        var withoutStop = Arrays.stream(expected)
                .filter(id -> Arrays.stream(stops).noneMatch(stop -> stop == id))
                .boxed()
                .toList();
        assertThat(generated).isEqualTo(withoutStop);
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void logitsAgreeInEveryStep(Conversation conversation) {
        runner.reset();
        var greedy = conversation.ids("greedy_ids");
        var steps = conversation.json().get("top10_per_step");
        var prompt = runner.run(conversation.ids("prompt_ids"));
        compare(prompt[prompt.length - 1], steps.get(0));
        for (var i = 1; i < greedy.length; i++) {
            compare(runner.run(greedy[i - 1])[0], steps.get(i));
        }
    }

    @ParameterizedTest
    @MethodSource("conversations")
    void promptIsAsLikelyAsInTheReference(Conversation conversation) {
        runner.reset();
        var ids = conversation.ids("prompt_ids");
        var rows = runner.run(ids);
        var sum = 0.0;
        for (var i = 1; i < ids.length; i++) {
            sum += negativeLogLikelihood(rows[i - 1], ids[i]);
        }
        assertThat(sum / (ids.length - 1))
                .isCloseTo(conversation.json().get("prompt_mean_nll").doubleValue(), offset(NLL_TOLERANCE));
    }

    /// One token, a few and a prompt have integer kernels of their own; the steps' sizes reach all of them.
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 64})
    void roundedActivationsKeepThePerplexity(int step) {
        var tokens = 0;
        var found = 0.0;
        var expected = 0.0;
        try (var fast =
                new ModelRunner(Fixtures.embeddedModel(), new CpuBackend().open(2, Precision.FAST), CacheType.F32)) {
            for (var conversation : conversations().toList()) {
                var ids = conversation.ids("prompt_ids");
                found += negativeLogLikelihood(fast, ids, step);
                expected += conversation.json().get("prompt_mean_nll").doubleValue() * (ids.length - 1);
                tokens += ids.length - 1;
            }
        }
        assertThat(Math.exp((found - expected) / tokens)).isCloseTo(1, offset(PERPLEXITY_TOLERANCE));
    }

    private static double negativeLogLikelihood(ModelRunner runner, int[] ids, int step) {
        runner.reset();
        var sum = 0.0;
        for (var from = 0; from < ids.length - 1; from += step) {
            var end = Math.min(from + step, ids.length - 1);
            var rows = runner.run(Arrays.copyOfRange(ids, from, end));
            for (var i = from; i < end; i++) {
                sum += negativeLogLikelihood(rows[i - from], ids[i + 1]);
            }
        }
        return sum;
    }

    private static void compare(float[] logits, JsonNode top) {
        var ids = top.get("ids");
        var actual = new float[ids.size()];
        var expected = new float[ids.size()];
        for (var i = 0; i < actual.length; i++) {
            actual[i] = logits[ids.get(i).intValue()];
            expected[i] = top.get("logits").get(i).floatValue();
        }
        assertThat(Logits.error(actual, expected)).isLessThan(TOLERANCE);
        assertThat(Logits.argmax(logits)).isEqualTo(ids.get(0).intValue());
    }

    private static double negativeLogLikelihood(float[] logits, int id) {
        var max = logits[Logits.argmax(logits)];
        var sum = 0.0;
        for (var logit : logits) {
            sum += Math.exp(logit - max);
        }
        return Math.log(sum) + max - logits[id];
    }
}
