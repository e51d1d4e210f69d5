package dev.jmlx.tests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.cpu.CpuBackend;
import dev.jmlx.engine.cpu.ScalarOps;
import dev.jmlx.engine.model.Models;
import dev.jmlx.engine.ops.Ops;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.Safetensors;
import dev.jmlx.engine.weights.TensorInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Every tiny checkpoint of the fixtures against the reference's logits, on the CPU backend and on the scalar
/// reference.
///
/// The fixtures hold what mlx-lm computes with float32 activations; `-Dgoldens.models=FOLDER` runs any other
/// folder of the format that `goldens/README.md` of the test resources describes.
final class ModelGoldenTest {
    private static final Logger log = LoggerFactory.getLogger(ModelGoldenTest.class);

    /// The fixtures' own one-pass and step-by-step results agree to 3e-5; a float32 engine agrees to
    /// this.
    private static final double TOLERANCE = 1e-3;

    private static final Path FOLDER = Fixtures.locate("goldens.models", "goldens/models");

    static Stream<Path> checkpoints() throws IOException {
        return checkpoints(FOLDER);
    }

    private static Stream<Path> checkpoints(Path parent) throws IOException {
        try (var folders = Files.list(parent)) {
            return folders.filter(f -> Files.exists(f.resolve("golden.safetensors"))).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void scalarReferenceAgrees(Path folder) {
        verify(folder, new ScalarOps());
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void cpuBackendAgrees(Path folder) {
        verify(folder, new CpuBackend().open(2, Precision.EXACT));
    }

    @Test
    void everyArchitectureHasAFixture() throws IOException {
        var covered = checkpoints(Fixtures.resource("goldens/models"))
                .map(folder -> ModelConfig.read(folder.resolve("config.json")).string("model_type"))
                .toList();
        assertThat(covered)
                .containsAll(
                        Models.all().stream().map(Models.Architecture::name).toList());
    }

    private static void verify(Path folder, Ops ops) {
        try (var runner = new ModelRunner(folder, ops, CacheType.F32);
                var arena = Arena.ofConfined()) {
            var golden = new Golden(folder, arena);
            var prompt = golden.ints("tokens");
            var decoded = golden.ints("decode_tokens");
            var prefill = golden.rows("prefill_logits", runner.vocabSize());
            var decode = golden.rows("decode_logits", runner.vocabSize());

            var error = compare(runner.run(prompt), prefill, 0);
            for (var i = 0; i < decoded.length; i++) {
                error = Math.max(error, compare(runner.run(decoded[i]), decode, i));
            }
            log.info(
                    "{}: largest error {} standard deviations",
                    folder.getFileName(),
                    String.format(Locale.ROOT, "%.1e", error));

            runner.reset();
            for (int from = 0, size = 7; from < prompt.length; from += size, size += 2) {
                var to = Math.min(from + size, prompt.length);
                compare(runner.run(Arrays.copyOfRange(prompt, from, to)), prefill, from);
            }

            runner.reset();
            var split = prompt.length / 3;
            compare(runner.run(Arrays.copyOf(prompt, split)), prefill, 0);
            var both = runner.runBoth(Arrays.copyOfRange(prompt, split, prompt.length), prompt);
            compare(Arrays.copyOf(both, prompt.length - split), prefill, split);
            compare(Arrays.copyOfRange(both, prompt.length - split, both.length), prefill, 0);
            for (var i = 0; i < decoded.length; i++) {
                var step = runner.runBoth(new int[] {decoded[i]}, new int[] {decoded[i]});
                compare(Arrays.copyOf(step, 1), decode, i);
                compare(Arrays.copyOfRange(step, 1, 2), decode, i);
            }
        }
    }

    private static double compare(float[][] actual, float[][] expected, int from) {
        var largest = 0.0;
        for (var i = 0; i < actual.length; i++) {
            var error = Logits.error(actual[i], expected[from + i]);
            largest = Math.max(largest, error);
            assertThat(error)
                    .as("row %d of %d, from %d on", i, actual.length, from)
                    .isLessThan(TOLERANCE);
        }
        return largest;
    }

    /// The tensors of a `golden.safetensors`.
    private static final class Golden {
        private final java.util.List<TensorInfo> tensors;

        Golden(Path folder, Arena arena) {
            tensors = Safetensors.read(folder.resolve("golden.safetensors"), arena);
        }

        int[] ints(String name) {
            return tensor(name).data().toArray(ValueLayout.JAVA_INT_UNALIGNED);
        }

        float[][] rows(String name, int cols) {
            var flat = tensor(name).data().toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
            var rows = new float[flat.length / cols][];
            for (var i = 0; i < rows.length; i++) {
                rows[i] = Arrays.copyOfRange(flat, i * cols, (i + 1) * cols);
            }
            return rows;
        }

        private TensorInfo tensor(String name) {
            return tensors.stream()
                    .filter(tensor -> tensor.name().equals(name))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
