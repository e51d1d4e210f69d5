package dev.jmlx.tokenizer;

import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Reads the `post_processor` of a `tokenizer.json`. Used while loading only.
final class AffixesJson {

    private AffixesJson() {}

    /// What `json` puts around one text; nothing if it is null.
    static Affixes read(@Nullable JsonPart json) {
        if (json == null) {
            return Affixes.NONE;
        }
        return switch (json.type()) {
            case "ByteLevel" -> Affixes.NONE;
            case "Sequence" ->
                json.parts("processors").stream().map(AffixesJson::read).reduce(Affixes.NONE, Affixes::within);
            case "TemplateProcessing" -> template(json);
            default -> throw json.unsupported("Sequence, ByteLevel, TemplateProcessing");
        };
    }

    private static Affixes template(JsonPart json) {
        var prefix = IntStream.builder();
        var suffix = IntStream.builder();
        var side = prefix;
        for (var piece : json.parts("single")) {
            if (piece.has("Sequence")) {
                side = suffix;
                continue;
            }
            var token =
                    json.part("special_tokens").part(piece.part("SpecialToken").text("id"));
            for (var id : token.numbers("ids")) {
                side.add(id);
            }
        }
        return new Affixes(prefix.build().toArray(), suffix.build().toArray());
    }
}
