package dev.jmlx.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerConfigTest {

    @TempDir
    private Path folder;

    private void write(String name, String content) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    @Test
    void emptyFolderSaysNothing() {
        assertThat(TokenizerConfig.load(folder)).isEqualTo(new TokenizerConfig(null, null, null, null));
    }

    @Test
    void readsTokensThatAreStringsObjectsOrNull() throws IOException {
        write("tokenizer_config.json", """
                {"bos_token": null, "eos_token": {"content": "<e>", "lstrip": false}, "chat_template": "hi",
                 "model_max_length": 1000000000000000019884624838656}
                """);

        assertThat(TokenizerConfig.load(folder)).isEqualTo(new TokenizerConfig(null, "<e>", "hi", null));
    }

    @Test
    void takesTokensFromTheSpecialTokensMapWhereTheConfigHasNone() throws IOException {
        write("tokenizer_config.json", "{\"eos_token\": \"<e>\"}");
        write("special_tokens_map.json", "{\"bos_token\": {\"content\": \"<s>\"}, \"eos_token\": \"<other>\"}");

        assertThat(TokenizerConfig.load(folder)).isEqualTo(new TokenizerConfig("<s>", "<e>", null, null));
    }

    @Test
    void picksTemplatesByName() throws IOException {
        write("tokenizer_config.json", """
                {"chat_template": [{"name": "tool_use", "template": "T"}, {"name": "rag", "template": "R"},
                                   {"name": "default", "template": "D"}]}
                """);

        assertThat(TokenizerConfig.load(folder)).isEqualTo(new TokenizerConfig(null, null, "D", "T"));
    }

    @Test
    void templateFilesWinOverTheConfig() throws IOException {
        write("tokenizer_config.json", "{\"chat_template\": \"from the config\"}");
        write("chat_template.jinja", "from the file\n");
        write("additional_chat_templates/tool_use.jinja", "with tools");

        assertThat(TokenizerConfig.load(folder))
                .isEqualTo(new TokenizerConfig(null, null, "from the file\n", "with tools"));
    }

    @Test
    void namesFileAndKeyOfWhatItCannotRead() throws IOException {
        write("tokenizer_config.json", "{\"eos_token\": 3}");
        assertThatThrownBy(() -> TokenizerConfig.load(folder))
                .isInstanceOf(TokenizerLoadException.class)
                .hasMessage("tokenizer_config.json: eos_token must be a string, found 3");

        write("tokenizer_config.json", "{");
        assertThatThrownBy(() -> TokenizerConfig.load(folder))
                .isInstanceOf(TokenizerLoadException.class)
                .hasMessageContaining("tokenizer_config.json is not valid JSON");
    }
}
