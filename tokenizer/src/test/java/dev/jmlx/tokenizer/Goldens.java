package dev.jmlx.tokenizer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A folder of tokenizers with what the reference (Hugging Face's `tokenizers`) makes of many texts.
///
/// The system property `goldens.text` names another folder of the same layout than the one among the
/// test resources.
record Goldens(Path folder) {

    private static final JsonMapper JSON = new JsonMapper();

    static Goldens configured() {
        var elsewhere = System.getProperty("goldens.text");
        if (elsewhere != null) {
            return new Goldens(Path.of(elsewhere, "tokenizers"));
        }
        try {
            var url = Goldens.class.getResource("/goldens/text/tokenizers");
            if (url == null) {
                throw new IllegalStateException("goldens/text/tokenizers is not among the test resources");
            }
            return new Goldens(Path.of(url.toURI()));
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The names of the tokenizers.
    List<String> names() {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".gold.jsonl.gz"))
                    .map(name -> name.substring(0, name.indexOf('.')))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    SubwordTokenizer tokenizer(String name) {
        try (var in = open(name + ".tokenizer.json.gz")) {
            return TokenizerJson.read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The texts by number.
    Map<Integer, String> texts() {
        var texts = new HashMap<Integer, String>();
        for (var row : rows("texts.jsonl.gz")) {
            texts.put(row.path("i").intValue(), row.path("text").stringValue());
        }
        return texts;
    }

    List<JsonNode> rows(String file) {
        try (var in = new BufferedReader(new InputStreamReader(open(file), StandardCharsets.UTF_8))) {
            return in.lines().map(JSON::readTree).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private InputStream open(String file) throws IOException {
        return new GZIPInputStream(Files.newInputStream(folder.resolve(file)), 1 << 16);
    }
}
