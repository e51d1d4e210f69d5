package dev.jmlx.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class NearNamesTest {
    private static final List<String> NAMES =
            List.of("smollm2-135m-instruct-4bit", "mlx-community/Qwen3-4B-4bit", "mlx-community/Qwen3-8B-4bit", "gpt");

    @Test
    void theNearestComeFirstWhoeverPublishesThem() {
        assertThat(NearNames.of("someone/qwen3-8b", NAMES))
                .startsWith("mlx-community/Qwen3-8B-4bit", "mlx-community/Qwen3-4B-4bit");
    }

    @Test
    void beginningsCount() {
        assertThat(NearNames.of("smollm", NAMES)).containsExactly("smollm2-135m-instruct-4bit");
    }

    @Test
    void namesWithoutACommonWordAreNotNear() {
        assertThat(NearNames.of("llama", NAMES)).isEmpty();
    }
}
