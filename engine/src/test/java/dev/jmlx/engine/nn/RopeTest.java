package dev.jmlx.engine.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jmlx.engine.weights.ModelConfig;
import dev.jmlx.engine.weights.ModelLoadException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RopeTest {
    private static float[] frequencies(String config) {
        return Rope.load(ModelConfig.parse("config.json", config), 8, 10_000, false)
                .inverseFrequencies();
    }

    @Test
    void frequenciesFallGeometrically() {
        assertThat(frequencies("{\"rope_theta\":10000}"))
                .containsExactly(new float[] {1, 0.1f, 0.01f, 0.001f}, within(1e-8f));
    }

    @Test
    void linearScalingStretchesAll() {
        assertThat(frequencies("{\"rope_scaling\":{\"type\":\"linear\",\"factor\":4}}"))
                .containsExactly(new float[] {0.25f, 0.025f, 0.0025f, 0.00025f}, within(1e-8f));
    }

    @Test
    void llama3ScalingKeepsShortWavelengthsAndStretchesLongOnes() {
        var scaled = frequencies("""
                {"rope_scaling":{"rope_type":"llama3","factor":8,"low_freq_factor":1,"high_freq_factor":4,\
                "original_max_position_embeddings":256}}""");
        assertThat(scaled[0]).isEqualTo(1);
        assertThat(scaled[1]).isBetween(0.1f / 8, 0.1f);
        assertThat(scaled[2]).isCloseTo(0.01f / 8, within(1e-8f));
        assertThat(scaled[3]).isCloseTo(0.001f / 8, within(1e-8f));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"rope_theta\":0}",
                "{\"rope_theta\":-5}",
                "{\"rope_theta\":1e400}",
                "{\"rope_scaling\":\"junk\"}",
                "{\"rope_scaling\":{\"type\":\"linear\",\"factor\":0}}",
                "{\"rope_scaling\":{\"type\":\"llama3\",\"factor\":-8}}"
            })
    void refusesValuesThatRotateByNoNumber(String config) {
        assertThatThrownBy(() -> frequencies(config))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("rope_");
    }

    @Test
    void refusesASchemeThatItDoesNotKnow() {
        assertThatThrownBy(() -> frequencies("{\"rope_scaling\":{\"type\":\"spiral\"}}"))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("\"spiral\" is not supported yet");
    }
}
