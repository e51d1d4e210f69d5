import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.ModelSupport;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.safetensors.SafeTensorSupport;
import com.github.tjake.jlama.tensor.KvBufferCache;
import com.github.tjake.jlama.tensor.operations.TensorOperationsProvider;
import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;

/// Speeds of Jlama, as one line of JSON with the names that TokensPerSecond uses; or its quantization of a
/// model.
///
/// `quantize IN OUT`: writes the Hugging Face folder IN in Jlama's Q4 format to OUT. `FOLDER THREADS PREFILL
/// DECODE TOKENS WARM_UP_SECONDS`: measures (lists such as `512,2048`). Compiled by the compare bench against
/// the jars that Maven brings.
final class JlamaSpeed {
    private static final int WARM_UP_PROMPT = 512;

    private final AbstractModel model;
    private final Random random = new Random(1);

    private JlamaSpeed(AbstractModel model) {
        this.model = model;
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("quantize")) {
            var out = Optional.of(Path.of(args[2]));
            SafeTensorSupport.quantizeModel(Path.of(args[1]), DType.Q4, new String[] {"norm"}, new String[0], out);
            return;
        }
        PhysicalCoreExecutor.overrideThreadCount(Integer.parseInt(args[1]));
        var answer = Integer.parseInt(args[4]);
        var model = ModelSupport.loadModel(new File(args[0]), DType.F32, DType.I8);
        System.err.println("operations: " + TensorOperationsProvider.get().name());
        var speed = new JlamaSpeed(model);
        var end = System.nanoTime() + (long) (Double.parseDouble(args[5]) * 1e9);
        do {
            speed.measure(WARM_UP_PROMPT, answer);
        } while (System.nanoTime() < end);
        var results = new ArrayList<String>();
        for (var prompt : numbers(args[2])) {
            results.add(String.format(Locale.ROOT, "\"prefill_%d\": %.3f", prompt, speed.measure(prompt, 1)[0]));
        }
        for (var context : numbers(args[3])) {
            results.add(String.format(Locale.ROOT, "\"decode_%d\": %.3f", context, speed.measure(context, answer)[1]));
        }
        System.out.println("{" + String.join(", ", results) + "}");
        System.exit(0);
    }

    /// Prompt tokens and answer tokens per second of one sequence.
    private double[] measure(int prompt, int answer) {
        var ids = random.ints(prompt, 100, 20_000).toArray();
        try (var cache = new KvBufferCache(model);
                var logits = model.makeDenseTensor(model.getConfig().vocabularySize)) {
            var buffer = cache.getEphemeralKvBuffer();
            var start = System.nanoTime();
            int token;
            try (var last = model.batchForward(ids, 0, buffer)) {
                token = model.sample(last.slice(last.shape().first() - 1), 0, 0, logits);
            }
            var first = System.nanoTime();
            for (var i = 0; i < answer; i++) {
                try (var output = model.forward(token, prompt + i, buffer, Optional.empty())) {
                    token = model.sample(output, 0, 0, logits);
                }
            }
            var end = System.nanoTime();
            return new double[] {prompt * 1e9 / (first - start), answer * 1e9 / (end - first)};
        }
    }

    private static int[] numbers(String list) {
        return Arrays.stream(list.split(",")).filter(part -> !part.isEmpty()).mapToInt(Integer::parseInt).toArray();
    }
}
