package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class HubModelTest {
    @TempDir
    private Path home = Path.of("");

    @Test
    void readsNamesAndRevisions() {
        assertThat(HubModel.parse("mlx-community/GLM-4.5-Air-3bit"))
                .contains(new HubModel("mlx-community/GLM-4.5-Air-3bit", "main"));
        assertThat(HubModel.parse("a/b_c@refs/pr/1")).contains(new HubModel("a/b_c", "refs/pr/1"));
        assertThat(new HubModel("a/b", "main").folder()).isEqualTo("models--a--b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "name",
                "a/b/c",
                "/a/b",
                "../b",
                "a/..",
                "./a",
                "a/b@",
                "a/b@../x",
                "a/b@-x",
                "a b/c",
                "a--b/c",
                "a/b@x/"
            })
    void refusesWhatIsNotAName(String text) {
        assertThat(HubModel.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"../config.json", "a/b.json", ".hidden", "", "a\\b", "x\ny"})
    void refusesFileNamesThatLeaveTheirFolder(String name) {
        assertThatThrownBy(() -> new RemoteFile(name, 1, "0".repeat(40), false)).isInstanceOf(HubException.class);
    }

    @Test
    void refusesHashesThatLeaveTheirFolder() {
        assertThatThrownBy(() -> new RemoteFile("a.json", 1, "../../x", false)).isInstanceOf(HubException.class);
    }

    @Test
    void settingsAreThoseOfPython() throws IOException {
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "hf_file\n");
        var plain = settings(Map.of());
        assertThat(plain.endpoint()).hasToString("https://huggingface.co");
        assertThat(plain.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(plain.token()).isEqualTo("hf_file");
        assertThat(plain.isOffline()).isFalse();
        assertThat(plain.toString()).doesNotContain("hf_file");

        var other = settings(Map.of(
                "HF_HOME",
                "/data/hf",
                "HF_TOKEN",
                "hf_given",
                "HF_ENDPOINT",
                "http://mirror:80/",
                "HF_HUB_OFFLINE",
                "1"));
        assertThat(other.endpoint()).hasToString("http://mirror:80");
        assertThat(other.cache()).isEqualTo(Path.of("/data/hf/hub"));
        assertThat(other.token()).isEqualTo("hf_given");
        assertThat(other.isOffline()).isTrue();
        assertThat(settings(Map.of("HF_HOME", "/data/hf", "HF_HUB_CACHE", "~/models"))
                        .cache())
                .isEqualTo(home.resolve("models"));
        assertThat(settings(Map.of("XDG_CACHE_HOME", "/xdg")).cache()).isEqualTo(Path.of("/xdg/huggingface/hub"));
    }

    @Test
    void wrongSettingsAreNamedAndTheTokenIsNotShown() {
        assertThatThrownBy(() -> settings(Map.of("HF_ENDPOINT", "mirror")))
                .hasMessageStartingWith("HF_ENDPOINT=mirror is not allowed");
        assertThatThrownBy(() -> settings(Map.of("HF_TOKEN", "two words")))
                .hasMessageStartingWith("HF_TOKEN is not a token")
                .hasMessageNotContaining("two words");
    }

    private HubSettings settings(Map<String, String> values) {
        return HubSettings.read(key -> Optional.ofNullable(values.get(key)), home);
    }
}
