package com.llama4j;

import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// Speeds of Llama3.java on a GGUF file, as one line of JSON with the names that TokensPerSecond uses.
///
/// Arguments: GGUF file, prompt lengths, contexts (lists such as `512,2048`), answer tokens, seconds of
/// warm-up. It lies in Llama3.java's package because nothing there is public, and makes the model itself: that
/// program's own loader wants Llama 3's vocabulary, and speed needs none. Compiled by the compare bench beside
/// the user's file.
final class Llama3Speed {
    private static final int BATCH = Integer.getInteger("llama.BatchSize", 16);
    private static final int WARM_UP_PROMPT = 512;

    private final Llama model;
    private final Random random = new Random(1);

    private Llama3Speed(Llama model) {
        this.model = model;
    }

    public static void main(String[] args) throws Exception {
        var prompts = numbers(args[1]);
        var contexts = numbers(args[2]);
        var answer = Integer.parseInt(args[3]);
        var longest = Math.max(Arrays.stream(prompts).max().orElse(0), Arrays.stream(contexts).max().orElse(0));
        var speed = new Llama3Speed(load(Path.of(args[0]), Math.max(longest, WARM_UP_PROMPT) + answer + 1));
        var end = System.nanoTime() + (long) (Double.parseDouble(args[4]) * 1e9);
        do {
            speed.measure(WARM_UP_PROMPT, answer);
        } while (System.nanoTime() < end);
        var results = new ArrayList<String>();
        for (var prompt : prompts) {
            results.add(String.format(Locale.ROOT, "\"prefill_%d\": %.3f", prompt, speed.measure(prompt, 1)[0]));
        }
        for (var context : contexts) {
            results.add(String.format(Locale.ROOT, "\"decode_%d\": %.3f", context, speed.measure(context, answer)[1]));
        }
        System.out.println("{" + String.join(", ", results) + "}");
    }

    private static Llama load(Path file, int contextLength) throws Exception {
        try (var channel = FileChannel.open(file)) {
            var gguf = GGUF.loadModel(channel, file.toString());
            var keys = gguf.getMetadata();
            var config = new Llama.Configuration(
                            (int) keys.get("llama.embedding_length"),
                            (int) keys.get("llama.feed_forward_length"),
                            (int) keys.get("llama.block_count"),
                            (int) keys.get("llama.attention.head_count"),
                            (int) keys.get("llama.attention.head_count_kv"),
                            (int) keys.get("llama.vocab_size"),
                            (int) keys.get("llama.context_length"),
                            (float) keys.get("llama.attention.layer_norm_rms_epsilon"),
                            (float) keys.get("llama.rope.freq_base"))
                    .withContextLength(contextLength);
            var begin = "<|begin_of_text|>";
            var vocabulary = new Vocabulary(new String[] {begin}, null);
            var tokenizer = new Tokenizer(vocabulary, List.of(), ".", Map.of(begin, 0));
            var tensors = GGUF.loadTensors(channel, gguf.getTensorDataOffset(), gguf.getTensorInfos());
            return new Llama(config, tokenizer, ModelLoader.loadWeights(tensors, config));
        }
    }

    /// Prompt tokens and answer tokens per second of one sequence.
    private double[] measure(int prompt, int answer) {
        var ids = random.ints(prompt, 100, 20_000).toArray();
        var state = model.createNewState(BATCH);
        var start = System.nanoTime();
        for (var at = 0; at < prompt; at += BATCH) {
            var upTo = Math.min(prompt, at + BATCH);
            Llama.forward(model, state, Arrays.copyOfRange(ids, at, upTo), at, upTo == prompt);
        }
        var token = Sampler.ARGMAX.sampleToken(state.logits);
        var first = System.nanoTime();
        for (var i = 0; i < answer; i++) {
            Llama.forward(model, state, new int[] {token}, prompt + i, true);
            token = Sampler.ARGMAX.sampleToken(state.logits);
        }
        var end = System.nanoTime();
        return new double[] {prompt * 1e9 / (first - start), answer * 1e9 / (end - first)};
    }

    private static int[] numbers(String list) {
        return Arrays.stream(list.split(",")).filter(part -> !part.isEmpty()).mapToInt(Integer::parseInt).toArray();
    }
}
