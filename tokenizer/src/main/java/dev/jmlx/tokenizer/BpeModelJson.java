package dev.jmlx.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// Reads the `model` of a `tokenizer.json`, which is nearly all of the file: vocabulary and merges
/// stream past, a tree of them would take ten times the room. Used while loading only.
final class BpeModelJson {

    /// Far above any vocabulary, and low enough for arrays that are indexed by id.
    static final int LARGEST_ID = (1 << 24) - 1;

    private final String file;
    private final Map<String, @Nullable Object> options = new HashMap<>();
    private Map<String, Integer> vocabulary = new HashMap<>();
    /// Left and right of every merge in turn; resolved at the end, for the vocabulary may come later.
    private final List<String> mergeSides = new ArrayList<>();

    private BpeModelJson(String file) {
        this.file = file;
    }

    /// Reads the object that `parser` stands at the start of.
    static BpeModel read(JsonParser parser, String file) {
        if (!parser.hasToken(JsonToken.START_OBJECT)) {
            throw new TokenizerLoadException(file + ": model must be an object, found " + parser.currentToken());
        }
        var reader = new BpeModelJson(file);
        for (var key = parser.nextName(); key != null; key = parser.nextName()) {
            parser.nextToken();
            reader.readEntry(key, parser);
        }
        return reader.model();
    }

    private void readEntry(String key, JsonParser parser) {
        switch (key) {
            case "vocab" -> readVocabulary(parser);
            case "merges" -> readMerges(parser);
            default -> options.put(key, JsonFile.value(parser));
        }
        if (key.equals("type")) {
            checkType();
        }
    }

    private JsonPart part() {
        return new JsonPart(options, file, "model");
    }

    private void checkType() {
        var part = part();
        if (!part.type().equals("BPE")) {
            throw part.unsupported("BPE");
        }
    }

    private void readVocabulary(JsonParser parser) {
        expect(JsonToken.START_OBJECT, parser, "vocab");
        // Twice the entries that most models have, so that the map seldom grows.
        vocabulary = HashMap.newHashMap(1 << 17);
        for (var token = parser.nextName(); token != null; token = parser.nextName()) {
            parser.nextToken();
            expect(JsonToken.VALUE_NUMBER_INT, parser, "vocab");
            vocabulary.put(token, checkedId(token, parser.getIntValue()));
        }
    }

    private int checkedId(String token, int id) {
        if (id < 0 || id > LARGEST_ID) {
            throw new TokenizerLoadException("%s: model.vocab: the token \"%s\" has the id %d; ids go from 0 to %d"
                    .formatted(file, token, id, LARGEST_ID));
        }
        return id;
    }

    private void readMerges(JsonParser parser) {
        expect(JsonToken.START_ARRAY, parser, "merges");
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (parser.hasToken(JsonToken.START_ARRAY)) {
                mergeSides.add(nextString(parser));
                mergeSides.add(nextString(parser));
                parser.nextToken();
                expect(JsonToken.END_ARRAY, parser, "merges[]");
            } else {
                addSpelledMerge(parser);
            }
        }
    }

    private String nextString(JsonParser parser) {
        parser.nextToken();
        expect(JsonToken.VALUE_STRING, parser, "merges[]");
        return parser.getString();
    }

    private void addSpelledMerge(JsonParser parser) {
        expect(JsonToken.VALUE_STRING, parser, "merges[]");
        var merge = parser.getString();
        var space = merge.indexOf(' ');
        if (space < 0) {
            throw new TokenizerLoadException(
                    "%s: model.merges[]: \"%s\" must be two tokens with a space between them".formatted(file, merge));
        }
        mergeSides.add(merge.substring(0, space));
        mergeSides.add(merge.substring(space + 1));
    }

    private void expect(JsonToken expected, JsonParser parser, String key) {
        if (!parser.hasToken(expected)) {
            throw new TokenizerLoadException(
                    "%s: model.%s: expected %s, found %s".formatted(file, key, expected, parser.currentToken()));
        }
    }

    private BpeModel model() {
        var part = part();
        for (var key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
            if (!textOrEmpty(part, key).isEmpty()) {
                throw new TokenizerLoadException(
                        "%s: model.%s is not supported; it must be empty".formatted(file, key));
            }
        }
        var unknown = textOrEmpty(part, "unk_token");
        var settings = new BpeModel.Options(
                unknown.isEmpty() ? Vocabulary.NONE : id(unknown, "unk_token"),
                part.flag("fuse_unk", false),
                part.flag("byte_fallback", false),
                part.flag("ignore_merges", false));
        return new BpeModel(new Vocabulary(vocabulary), merges(), settings);
    }

    private static String textOrEmpty(JsonPart part, String key) {
        var text = part.textOrNull(key);
        return text == null ? "" : text;
    }

    private MergeTable merges() {
        var merges = new MergeTable(mergeSides.size() / 2);
        for (var i = 0; i < mergeSides.size(); i += 2) {
            var left = mergeSides.get(i);
            var right = mergeSides.get(i + 1);
            merges.add(id(left, "merges[]"), id(right, "merges[]"), id(left.concat(right), "merges[]"));
        }
        return merges;
    }

    private int id(String token, String key) {
        var id = vocabulary.get(token);
        if (id == null) {
            throw new TokenizerLoadException(
                    "%s: model.%s names the token \"%s\", which vocab does not have".formatted(file, key, token));
        }
        return id;
    }
}
