package dev.jmlx.tokenizer;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/// A JSON file whose top level is an object, read entry by entry. Used while loading only.
///
/// Only the streaming half of Jackson: setting up its object mapper takes longer than reading a
/// vocabulary of 50,000 tokens.
record JsonFile(String name) {

    /// Takes the value that the parser stands at the start of, and leaves the parser at its end.
    @FunctionalInterface
    interface Entries {
        void accept(String key, JsonParser parser);
    }

    /// Reads from `in` to the end, which stays open.
    void read(InputStream in, Entries entries) {
        // Without symbol tables: they pay for keys that repeat, and a vocabulary's keys never do.
        var factory = JsonFactory.builder()
                .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
                .disable(TokenStreamFactory.Feature.INTERN_PROPERTY_NAMES)
                .build();
        try (var parser = factory.createParser(ObjectReadContext.empty(), in)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw new TokenizerLoadException(name + " must be an object, found " + parser.currentToken());
            }
            for (var key = parser.nextName(); key != null; key = parser.nextName()) {
                parser.nextToken();
                entries.accept(key, parser);
            }
        } catch (JacksonException e) {
            throw new TokenizerLoadException("%s is not valid JSON: %s".formatted(name, e.getOriginalMessage()), e);
        }
    }

    /// The value that the parser stands at the start of: a Map, List, String, Integer, Double, Boolean or null.
    static @Nullable Object value(JsonParser parser) {
        return switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> number(parser);
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            default -> parser.getString();
        };
    }

    private static Map<String, @Nullable Object> object(JsonParser parser) {
        var map = new LinkedHashMap<String, @Nullable Object>();
        for (var key = parser.nextName(); key != null; key = parser.nextName()) {
            parser.nextToken();
            map.put(key, value(parser));
        }
        return map;
    }

    private static List<@Nullable Object> array(JsonParser parser) {
        var list = new ArrayList<@Nullable Object>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            list.add(value(parser));
        }
        return list;
    }

    /// Other files of a model hold numbers beyond 64 bits (`model_max_length`), which nobody here asks for.
    private static Object number(JsonParser parser) {
        var value = parser.getDoubleValue();
        return value == (int) value ? (Object) (int) value : value;
    }
}
