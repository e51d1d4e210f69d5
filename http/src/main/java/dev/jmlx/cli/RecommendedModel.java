package dev.jmlx.cli;

import java.util.List;

/// A model for coding with Claude Code and what it takes; for `jmlx doctor` and the README. Immutable.
///
/// `gigabytes`: the repository's weights, 10^9 bytes; `cacheGigabytes`: an f16 cache of 32,768 tokens, from the
/// published configuration. `activeBillions`: parameters that a token reads, which decides the speed. `readsTools`:
/// whether the form of its tool calls is read.
record RecommendedModel(
        String name, double gigabytes, double cacheGigabytes, double activeBillions, boolean readsTools) {
    private static final double OWN_GIGABYTES = 0.3;

    /// From small to large; sizes of summer 2026.
    static final List<RecommendedModel> ALL = List.of(
            new RecommendedModel("Qwen3.5-4B-MLX-4bit", 3.06, 1.07, 4, false),
            new RecommendedModel("Qwen3.5-9B-MLX-4bit", 5.95, 1.07, 9, false),
            new RecommendedModel("Qwen3-4B-Instruct-2507-4bit", 2.26, 4.83, 4, true),
            new RecommendedModel("gpt-oss-20b-MXFP4-Q8", 12.1, 0.81, 3.6, false),
            new RecommendedModel("Qwen3.8-27B-4bit", 16.05, 2.15, 27, false),
            new RecommendedModel("Qwen3-30B-A3B-Instruct-2507-4bit", 17.2, 3.22, 3.3, true),
            new RecommendedModel("Qwen3.6-35B-A3B-4bit", 20.4, 0.67, 3, false),
            new RecommendedModel("Qwen3.6-35B-A3B-5bit", 24.73, 0.67, 3, false),
            new RecommendedModel("Qwen3.6-35B-A3B-8bit", 37.72, 0.67, 3, false),
            new RecommendedModel("Qwen3-Coder-Next-4bit", 44.84, 0.81, 3, false),
            new RecommendedModel("Qwen3.5-122B-A10B-4bit", 69.59, 0.81, 10, false),
            new RecommendedModel("MiniMax-M2.7-3bit", 100.1, 8.32, 10, false),
            new RecommendedModel("MiniMax-M2.7-4bit", 128.68, 8.32, 10, false),
            new RecommendedModel("MiniMax-M2.7-6bit", 185.84, 8.32, 10, false),
            new RecommendedModel("MiniMax-M2.7-8bit", 243, 8.32, 10, false),
            new RecommendedModel("GLM-5.1-MXFP4-Q8", 405.48, 3.6, 40, false));

    /// Organization and name, as `MODEL_NAME` takes them.
    String repo() {
        return "mlx-community/" + name;
    }

    /// Weights, cache and program.
    double totalGigabytes() {
        return gigabytes + cacheGigabytes + OWN_GIGABYTES;
    }

    /// Those that `usableBytes` suffice for, the largest last.
    static List<RecommendedModel> fitting(long usableBytes) {
        return ALL.stream()
                .filter(model -> model.totalGigabytes() * 1e9 <= usableBytes)
                .toList();
    }
}
