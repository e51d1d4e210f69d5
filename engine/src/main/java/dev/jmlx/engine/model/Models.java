package dev.jmlx.engine.model;

import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import dev.jmlx.engine.weights.Weights;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;

/// The architectures that can be run, by `config.json`'s `model_type`; an alias is one more line.
public final class Models {
    private static final Map<String, Architecture> ARCHITECTURES = new TreeMap<>();

    /// Other names of the same.
    private static final Map<String, String> ALIASES = Map.of(
            "gemma4_unified", "gemma4",
            "iquestcoder", "llama",
            "joyai_llm_flash", "deepseek_v3",
            "llava", "mistral3",
            "minimax_m2", "minimax",
            "qwen2_5_vl", "qwen2_vl",
            "xverse", "llama");

    /// Architectures that a message about an unknown one names.
    private static final int NEAREST = 3;

    /// Characters of an unknown name that a message shows.
    private static final int LONGEST_NAME = 60;

    static {
        put("cohere2", Cohere2::load, "c4ai-command-r7b-12-2024-4bit");
        put("deepseek_v2", Deepseek::load, "DeepSeek-V2-Lite-Chat-4bit-mlx");
        put("deepseek_v3", Deepseek::load, "DeepSeek-V3-0324-4bit");
        put("deepseek_v32", Deepseek::v32, "DeepSeek-V3.2-4bit");
        put("ernie4_5", Llama::ernie45, "ERNIE-4.5-0.3B-PT-bf16");
        put("gemma2", Gemma::gemma2, "gemma-2-9b-it-4bit");
        put("gemma3", Wrapped::gemma3, "gemma-3-27b-it-4bit");
        put("gemma3_text", Gemma::gemma3, "gemma-3-1b-it-4bit");
        put("gemma4", Wrapped::gemma4, "gemma-4-26b-a4b-it-4bit");
        put("gemma4_text", Gemma4::load, "gemma-4-31b-it-text-4bit");
        put("glm4", Glm4::load, "GLM-4-32B-0414-4bit");
        put("glm4_moe", Glm4Moe::load, "GLM-4.5-Air-3bit");
        put("glm4_moe_lite", Deepseek::glm4Lite, "GLM-4.7-Flash-4bit");
        put("glm_moe_dsa", Deepseek::glmDsa, "GLM-5-4bit");
        put("gpt_oss", GptOss::load, "gpt-oss-20b-MXFP4-Q8");
        put("granite", Granite::load, "granite-3.3-8b-instruct-4bit");
        put("granitemoe", Granite::moe, "granite-3.1-3b-a800m-instruct-4bit");
        put("granitemoehybrid", GraniteHybrid::load, "granite-4.0-h-tiny-4bit");
        put("hunyuan_v1_dense", Hunyuan::load, "Hunyuan-7B-Instruct-4bit");
        put("kimi_k2", Deepseek::load, "Kimi-K2-Instruct-4bit");
        put("kimi_k25", Wrapped::kimiK25, "Kimi-K2.5");
        put("lfm2", Lfm2::load, "LFM2-1.2B-4bit");
        put("lfm2_moe", Lfm2::moe, "LFM2-8B-A1B-4bit");
        put("llama", Llama::load, "Llama-3.2-3B-Instruct-4bit");
        put("llama4", Llama4::load, "Llama-4-Scout-17B-16E-Instruct-4bit");
        put("llama4_text", Llama4Text::load, "MobileLLM-R1-950M-4bit-mlx");
        put("minimax", MiniMax::load, "MiniMax-M2-4bit");
        put("ministral3", Ministral3::load, "Ministral-3-8B-Instruct-2512-4bit");
        put("mistral", Llama::load, "Mistral-7B-Instruct-v0.3-4bit");
        put("mistral3", Wrapped::mistral3, "Mistral-Small-3.2-24B-Instruct-2506-4bit");
        put("mixtral", Mixtral::load, "Mixtral-8x7B-Instruct-v0.1-4bit");
        put("nemotron_h", NemotronH::load, "NVIDIA-Nemotron-3-Nano-30B-A3B-4bit");
        put("olmo2", Olmo2::load, "OLMo-2-1124-13B-Instruct-4bit");
        put("olmo3", Olmo2::olmo3, "Olmo-3-7B-Instruct-4bit");
        put("phi3", Phi3::load, "Phi-4-mini-instruct-4bit");
        put("qwen2", Llama::qwen2, "Qwen2.5-Coder-7B-Instruct-4bit");
        put("qwen2_moe", QwenMoe::qwen2, "Qwen1.5-MoE-A2.7B-Chat-4bit");
        put("qwen2_vl", Wrapped::qwen2Vl, "Qwen2.5-VL-7B-Instruct-4bit");
        put("qwen3", Qwen3::load, "Qwen3-8B-4bit");
        put("qwen3_5", Qwen3Next::qwen35, "Qwen3.5-9B-4bit");
        put("qwen3_5_moe", Qwen3Next::qwen35, "Qwen3.5-35B-A3B-4bit");
        put("qwen3_moe", QwenMoe::qwen3, "Qwen3-Coder-30B-A3B-Instruct-4bit");
        put("qwen3_next", Qwen3Next::load, "Qwen3-Next-80B-A3B-Instruct-4bit");
        put("qwen3_vl", Wrapped::qwen3Vl, "Qwen3-VL-8B-Instruct-4bit");
        put("qwen3_vl_moe", Wrapped::qwen3VlMoe, "Qwen3-VL-30B-A3B-Instruct-4bit");
        put("seed_oss", Llama::load, "Seed-OSS-36B-Instruct-4bit");
        put("smollm3", Llama::smolLm3, "SmolLM3-3B-4bit");
    }

    private Models() {}

    /// Reads an architecture's weights.
    @FunctionalInterface
    public interface Loader {
        Model load(ModelConfig config, Weights weights);
    }

    /// One architecture: its `model_type`, and a repository of `mlx-community` that has it.
    public record Architecture(String name, Loader loader, String example) {}

    private static void put(String name, Loader loader, String example) {
        ARCHITECTURES.put(name, new Architecture(name, loader, example));
    }

    /// All architectures, sorted by name.
    public static Collection<Architecture> all() {
        return Collections.unmodifiableCollection(ARCHITECTURES.values());
    }

    /// Other names that `config.json` may have for an architecture's, by that other name.
    public static Map<String, String> aliases() {
        return ALIASES;
    }

    /// Builds the model that `config` describes from `weights`. Throws [ModelLoadException] when its
    /// `model_type` is unknown, a weight is missing or has another shape, or weights are left over.
    public static Model load(ModelConfig config, Weights weights) {
        var type = config.string("model_type");
        var architecture = ARCHITECTURES.get(ALIASES.getOrDefault(type, type));
        if (architecture == null) {
            var shown = type.substring(0, Math.min(type.length(), LONGEST_NAME));
            throw new ModelLoadException("config.json: model_type \"" + shown + "\" is not supported yet; nearest: "
                    + String.join(", ", nearest(shown)) + " (docs/models.md has all)");
        }
        try {
            var model = architecture.loader.load(config, weights);
            weights.requireAllRead();
            return model;
        } catch (IllegalArgumentException e) {
            throw new ModelLoadException(
                    "config.json: this \"" + type + "\" does not fit together: " + e.getMessage(), e);
        } catch (ArithmeticException e) {
            throw new ModelLoadException("config.json: the sizes of this \"" + type + "\" are out of range", e);
        }
    }

    private static Collection<String> nearest(String type) {
        return ARCHITECTURES.keySet().stream()
                .sorted(Comparator.comparingInt(name -> edits(type, name)))
                .limit(NEAREST)
                .toList();
    }

    /// Insertions, deletions and replacements that make `b` of `a` (Levenshtein).
    private static int edits(String a, String b) {
        var row = new int[b.length() + 1];
        for (var j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (var i = 1; i <= a.length(); i++) {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.length(); j++) {
                var replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
