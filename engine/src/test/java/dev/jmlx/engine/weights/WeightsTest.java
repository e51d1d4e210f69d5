package dev.jmlx.engine.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jmlx.engine.tensor.Matrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WeightsTest {
    private static final String CONFIG = """
            {"model_type":"llama","quantization":{"bits":4,"group_size":32,\
            "up":{"bits":8,"group_size":64},"down":false}}""";

    private static final String HEADER = """
            {"gate.weight":{"dtype":"U32","shape":[3,8],"data_offsets":[0,96]},\
            "gate.scales":{"dtype":"F16","shape":[3,2],"data_offsets":[96,108]},\
            "gate.biases":{"dtype":"F16","shape":[3,2],"data_offsets":[108,120]},\
            "up.weight":{"dtype":"U32","shape":[3,16],"data_offsets":[120,312]},\
            "up.scales":{"dtype":"BF16","shape":[3,1],"data_offsets":[312,318]},\
            "up.biases":{"dtype":"BF16","shape":[3,1],"data_offsets":[318,324]},\
            "down.weight":{"dtype":"BF16","shape":[2,3],"data_offsets":[324,336]},\
            "norm.weight":{"dtype":"F32","shape":[2],"data_offsets":[336,344]}}""";

    @TempDir
    Path folder;

    private @Nullable Checkpoint checkpoint;

    private Weights open(String config, String header) throws IOException {
        Files.writeString(folder.resolve("config.json"), config);
        SafetensorsFile.write(folder.resolve("model.safetensors"), header, 344);
        checkpoint = Checkpoint.open(folder);
        return checkpoint.weights((matrix, _) -> matrix);
    }

    @AfterEach
    void close() {
        if (checkpoint != null) {
            checkpoint.close();
        }
    }

    @Test
    void readsQuantizedAndDenseMatricesWithTheirOverrides() throws IOException {
        var weights = open(CONFIG, HEADER);
        assertThat((Matrix.Quantized) weights.matrix("gate", 3, 64))
                .returns(4, Matrix.Quantized::bits)
                .returns(32, Matrix.Quantized::groupSize);
        assertThat((Matrix.Quantized) weights.matrix("up", 3, 64))
                .returns(8, Matrix.Quantized::bits)
                .returns(64, Matrix.Quantized::groupSize);
        assertThat(weights.matrix("down", 2, 3)).isInstanceOf(Matrix.Dense.class);
        assertThat(weights.scope("norm").vector("weight", 2).values()).containsExactly(0, 0);
        assertThat(weights.parameters()).isEqualTo(3 * 64 + 3 * 64 + 2 * 3 + 2);
        weights.requireAllRead();
    }

    @Test
    void namesTheWeightsThatNobodyRead() throws IOException {
        var weights = open(CONFIG, HEADER);
        weights.matrix("gate", 3, 64);
        weights.skip("norm.weight");
        assertThatThrownBy(weights::requireAllRead)
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("weights left over: down.weight, up.biases, up.scales, up.weight;");
    }

    @Test
    void namesTheTensorAndBothShapesWhenTheyDiffer() throws IOException {
        var weights = open(CONFIG, HEADER);
        assertThatThrownBy(() -> weights.matrix("gate", 4, 64))
                .hasMessage("gate.weight: expected [4, 8] U32, found [3, 8] U32");
        assertThatThrownBy(() -> weights.matrix("down", 2, 4))
                .hasMessage("down.weight: expected [2, 4] BF16, found [2, 3] BF16");
        assertThatThrownBy(() -> weights.scope("norm").vector("weight", 3))
                .hasMessage("norm.weight: expected [3] F32, found [2] F32");
        assertThatThrownBy(() -> weights.scope("layers.0").matrix("gate", 3, 64))
                .hasMessage("layers.0.gate.weight: not in the checkpoint");
    }

    @Test
    void layerThatNobodyNamesIsReadAsItIsStored() throws IOException {
        var weights = open("{\"model_type\":\"llama\",\"quantization\":{\"bits\":6,\"group_size\":64}}", HEADER);
        assertThat((Matrix.Quantized) weights.matrix("gate", 3, 64))
                .returns(4, Matrix.Quantized::bits)
                .returns(32, Matrix.Quantized::groupSize);
        assertThat((Matrix.Quantized) weights.matrix("up", 3, 64))
                .returns(8, Matrix.Quantized::bits)
                .returns(64, Matrix.Quantized::groupSize);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"quant_method\":\"bitnet\"} | quant_method \"bitnet\" is not supported as it is used here",
                "{\"quant_method\":\"fp8\"} | supported: mxfp4, mxfp8, fp8 with scale_fmt ue8m0",
                "{\"quant_method\":\"awq\",\"bits\":8} | awq and gptq with 4 bits",
                "{\"quant_method\":\"compressed-tensors\",\"format\":\"float-quantized\"} | with format pack-quantized",
            })
    void refusesForeignQuantizationsThatItCannotRead(String quantization, String problem) throws IOException {
        var weights = open("{\"model_type\":\"llama\",\"quantization_config\":" + quantization + "}", HEADER);
        assertThatThrownBy(() -> weights.matrix("gate", 3, 64))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"bits\":7,\"group_size\":32} | AFFINE with bits 7 and group_size 32 is not supported",
                "{\"bits\":16,\"group_size\":32} | AFFINE with bits 16 and group_size 32 is not supported",
                "{\"bits\":4,\"group_size\":48} | AFFINE with bits 4 and group_size 48 is not supported",
                "{\"bits\":4,\"group_size\":32,\"mode\":\"mxfp9\"} | mode \"mxfp9\" is not supported yet",
                "{\"bits\":4,\"group_size\":64,\"mode\":\"mxfp4\"} | MXFP4 with bits 4 and group_size 64 is not supported",
                "{\"bits\":\"four\",\"group_size\":32} | \"bits\" must be a whole number",
                "{\"group_size\":32} | \"bits\" is missing",
                "{\"bits\":4,\"group_size\":64,\"gate\":{\"bits\":4,\"group_size\":128}} | 64 columns are no multiple of group_size 128",
                "null | has .scales, but config.json has no quantization for it",
            })
    void refusesQuantizationsThatItCannotRead(String quantization, String problem) throws IOException {
        var weights = open("{\"model_type\":\"llama\",\"quantization\":" + quantization + "}", HEADER);
        assertThatThrownBy(() -> weights.matrix("gate", 3, 64))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining(problem);
    }

    @Test
    void refusesAnIndexThatPointsOutOfTheFolder() throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"),
                "{\"weight_map\":{\"a\":\"../elsewhere.safetensors\"}}");
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .isInstanceOf(ModelLoadException.class)
                .hasMessageContaining("\"../elsewhere.safetensors\" is no file name");
    }

    @Test
    void namesAShardThatIsMissing() throws IOException {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        Files.writeString(
                folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"model-1.safetensors\"}}");
        assertThatThrownBy(() -> Checkpoint.open(folder))
                .hasMessageContaining("model-1.safetensors is listed but not in the folder");
    }

    @Test
    void saysWhatAFolderLacks() throws IOException {
        assertThatThrownBy(() -> Checkpoint.open(folder.resolve("none"))).hasMessageContaining("no such folder");
        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("config.json: no such file");
        Files.writeString(folder.resolve("config.json"), "{");
        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageStartingWith("config.json: not valid JSON");
        Files.writeString(folder.resolve("config.json"), CONFIG);
        assertThatThrownBy(() -> Checkpoint.open(folder)).hasMessageContaining("no model*.safetensors");
    }
}
