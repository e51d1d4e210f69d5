package dev.jmlx.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Reads a `tokenizer.json`, the format of Hugging Face's `tokenizers`, into a [BpeTokenizer].
///
/// Called once per model. Everything that is not supported is found here, as a
/// [TokenizerLoadException]; `truncation`, `padding` and `dropout` concern training and are passed over.
public final class TokenizerJson {

    private static final String FILE = "tokenizer.json";

    // Without symbol tables: they pay for keys that repeat, and a vocabulary's keys never do.
    private final JsonMapper json = JsonMapper.builder(JsonFactory.builder()
                    .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                    .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
                    .build())
            .build();
    private final ObjectNode small = JsonNodeFactory.instance.objectNode();
    private @Nullable BpeModel model;

    private TokenizerJson() {}

    /// Reads `tokenizer.json` in `folder`.
    public static BpeTokenizer load(Path folder) {
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
    public static BpeTokenizer read(InputStream in) {
        try {
            var reader = new TokenizerJson();
            try (var parser = reader.json.createParser(in)) {
                reader.readFile(parser);
            }
            return reader.tokenizer();
        } catch (JacksonException e) {
            throw new TokenizerLoadException("%s is not valid JSON: %s".formatted(FILE, e.getOriginalMessage()), e);
        }
    }

    private void readFile(JsonParser parser) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new TokenizerLoadException(FILE + " must be an object, found " + parser.currentToken());
        }
        for (var key = parser.nextName(); key != null; key = parser.nextName()) {
            parser.nextToken();
            if (key.equals("model")) {
                model = BpeModelJson.read(json, parser, FILE);
            } else {
                small.set(key, json.readTree(parser));
            }
        }
    }

    private BpeTokenizer tokenizer() {
        if (model == null) {
            throw new TokenizerLoadException(FILE + ": model is missing");
        }
        var root = JsonPart.root(small, FILE);
        var parts = new BpeTokenizer.Parts(
                addedTokens(root, model.vocabulary()),
                NormalizerJson.read(root.partOrNull("normalizer")),
                PreTokenizerJson.read(root.partOrNull("pre_tokenizer")),
                DecoderJson.read(root.part("decoder")),
                AffixesJson.read(root.partOrNull("post_processor")));
        return new BpeTokenizer(model, parts);
    }

    private static List<AddedToken> addedTokens(JsonPart root, Vocabulary vocabulary) {
        var tokens = new ArrayList<AddedToken>();
        if (root.node().has("added_tokens")) {
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
                known != Vocabulary.NONE ? known : json.number("id"),
                content,
                special,
                json.flag("normalized", !special),
                json.flag("single_word", false),
                json.flag("lstrip", false),
                json.flag("rstrip", false));
    }
}
