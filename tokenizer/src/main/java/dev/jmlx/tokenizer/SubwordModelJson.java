package dev.jmlx.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// Reads the `model` of a `tokenizer.json`, which is nearly all of the file: vocabulary and merges
/// stream past, a tree of them would take ten times the room. Used while loading only.
final class SubwordModelJson {

    /// Far above any vocabulary, and low enough for arrays that are indexed by id.
    static final int LARGEST_ID = (1 << 24) - 1;

    private final String file;
    private final Map<String, @Nullable Object> options = new HashMap<>();
    private Map<String, Integer> vocabulary = new HashMap<>();
    /// The logarithms of a Unigram model's probabilities, by id; empty for other models.
    private double[] scores = new double[0];
    /// Left and right of every merge in turn; resolved at the end, for the vocabulary may come later.
    private final List<String> mergeSides = new ArrayList<>();

    private SubwordModelJson(String file) {
        this.file = file;
    }

    /// Reads the object that `parser` stands at the start of.
    static SubwordModel read(JsonParser parser, String file) {
        if (!parser.hasToken(JsonToken.START_OBJECT)) {
            throw new TokenizerLoadException(file + ": model must be an object, found " + parser.currentToken());
        }
        var reader = new SubwordModelJson(file);
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
            isUnigram(); // before the rest is read
        }
    }

    private JsonPart part() {
        return new JsonPart(options, file, "model");
    }

    /// Of the two types that there are; the oldest files do not name theirs.
    private boolean isUnigram() {
        var part = part();
        if (!part.has("type")) {
            return scores.length > 0;
        }
        return switch (part.type()) {
            case "BPE" -> false;
            case "Unigram" -> true;
            default -> throw part.unsupported("BPE, Unigram");
        };
    }

    private void readVocabulary(JsonParser parser) {
        if (parser.hasToken(JsonToken.START_ARRAY)) {
            readScoredVocabulary(parser);
            return;
        }
        expect(JsonToken.START_OBJECT, parser, "vocab");
        // Twice the entries that most models have, so that the map seldom grows.
        vocabulary = HashMap.newHashMap(1 << 17);
        for (var token = parser.nextName(); token != null; token = parser.nextName()) {
            parser.nextToken();
            expect(JsonToken.VALUE_NUMBER_INT, parser, "vocab");
            vocabulary.put(token, checkedId(token, parser.getIntValue()));
        }
    }

    /// Pairs of a token and its score; ids are places in the list.
    private void readScoredVocabulary(JsonParser parser) {
        vocabulary = HashMap.newHashMap(1 << 17);
        var read = new double[1 << 16];
        var id = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            expect(JsonToken.START_ARRAY, parser, "vocab[]");
            parser.nextToken();
            expect(JsonToken.VALUE_STRING, parser, "vocab[]");
            vocabulary.put(parser.getString(), checkedId(parser.getString(), id));
            parser.nextToken();
            if (!parser.currentToken().isNumeric()) {
                expect(JsonToken.VALUE_NUMBER_FLOAT, parser, "vocab[]");
            }
            read = id < read.length ? read : Arrays.copyOf(read, id * 2);
            read[id++] = parser.getDoubleValue();
            parser.nextToken();
            expect(JsonToken.END_ARRAY, parser, "vocab[]");
        }
        scores = Arrays.copyOf(read, id);
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

    private SubwordModel model() {
        return isUnigram() ? unigram() : bpe();
    }

    private UnigramModel unigram() {
        var part = part();
        if (scores.length == 0) {
            throw new TokenizerLoadException(file + ": model.vocab must be a list of tokens and scores");
        }
        var unknown = part.has("unk_id") ? part.number("unk_id", scores.length - 1) : Vocabulary.NONE;
        return new UnigramModel(new Vocabulary(vocabulary), scores, unknown, part.flag("byte_fallback", false));
    }

    private BpeModel bpe() {
        var part = part();
        if (scores.length > 0) {
            throw new TokenizerLoadException(file + ": model.vocab must be an object of tokens and ids");
        }
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
