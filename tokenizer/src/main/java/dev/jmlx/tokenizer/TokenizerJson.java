package dev.jmlx.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;

/// Reads a `tokenizer.json`, the format of Hugging Face's `tokenizers`, into a [SubwordTokenizer].
///
/// Called once per model. Everything that is not supported is found here, as a
/// [TokenizerLoadException]; `truncation`, `padding` and `dropout` concern training and are passed over.
public final class TokenizerJson {

    private static final String FILE = "tokenizer.json";

    private final Map<String, @Nullable Object> small = new HashMap<>();
    private @Nullable SubwordModel model;

    private TokenizerJson() {}

    /// Reads `tokenizer.json` in `folder`.
    public static SubwordTokenizer load(Path folder) {
        var file = folder.resolve(FILE);
        try (var in = Files.newInputStream(file)) {
            return read(in);
        } catch (NoSuchFileException e) {
            throw new TokenizerLoadException(
                    "%s: there is no such file; a model folder must contain it".formatted(file), e);
        } catch (IOException e) {
            throw new TokenizerLoadException("%s cannot be read: %s".formatted(file, e.getMessage()), e);
        }
    }

    /// Reads the same from a stream, which stays open.
    public static SubwordTokenizer read(InputStream in) {
        var reader = new TokenizerJson();
        new JsonFile(FILE).read(in, reader::readEntry);
        return reader.tokenizer();
    }

    private void readEntry(String key, JsonParser parser) {
        if (key.equals("model")) {
            model = SubwordModelJson.read(parser, FILE);
        } else {
            small.put(key, JsonFile.value(parser));
        }
    }

    private SubwordTokenizer tokenizer() {
        if (model == null) {
            throw new TokenizerLoadException(FILE + ": model is missing");
        }
        var root = JsonPart.root(small, FILE);
        var parts = new SubwordTokenizer.Parts(
                addedTokens(root, model.vocabulary()),
                NormalizerJson.read(root.partOrNull("normalizer")),
                PreTokenizerJson.read(root.partOrNull("pre_tokenizer")),
                DecoderJson.read(root.part("decoder")),
                AffixesJson.read(root.partOrNull("post_processor")));
        return new SubwordTokenizer(model, parts);
    }

    private static List<AddedToken> addedTokens(JsonPart root, Vocabulary vocabulary) {
        var tokens = new ArrayList<AddedToken>();
        if (root.has("added_tokens")) {
            for (var token : root.parts("added_tokens")) {
                tokens.add(addedToken(token, vocabulary));
            }
        }
        return tokens;
    }

    private static AddedToken addedToken(JsonPart json, Vocabulary vocabulary) {
        var content = json.text("content");
        var known = vocabulary.id(content);
        var special = json.flag("special", false);
        return new AddedToken(
                known != Vocabulary.NONE ? known : json.number("id", SubwordModelJson.LARGEST_ID),
                content,
                special,
                json.flag("normalized", !special),
                json.flag("single_word", false),
                json.flag("lstrip", false),
                json.flag("rstrip", false));
    }
}
