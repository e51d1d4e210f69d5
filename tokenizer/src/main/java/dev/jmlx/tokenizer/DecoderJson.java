package dev.jmlx.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// Reads the `decoder` of a `tokenizer.json`. Used while loading only.
///
/// Refuses the orders that cannot stream: after the tokens were joined only the start of the text
/// may still change.
final class DecoderJson {

    private static final String SUPPORTED =
            "Sequence, ByteLevel, ByteFallback, Replace, Fuse, Strip (after Fuse), Metaspace";

    private final List<Decoder> parts = new ArrayList<>();
    private boolean joined;

    private DecoderJson() {}

    static Decoder read(JsonPart json) {
        var reader = new DecoderJson();
        reader.add(json);
        return reader.parts.size() == 1 ? reader.parts.getFirst() : new Decoder.Sequence(reader.parts);
    }

    private void add(JsonPart json) {
        switch (json.type()) {
            case "Sequence" -> json.parts("decoders").forEach(this::add);
            case "ByteLevel" -> join(json, new Decoder.ByteLevel());
            case "Fuse" -> join(json, new Decoder.Fuse());
            case "ByteFallback" -> addUnjoined(json, new Decoder.ByteFallback());
            case "Replace" -> addUnjoined(json, new Decoder.Replace(json.pattern(), json.text("content")));
            case "Metaspace" -> addUnjoined(json, metaspace(json));
            case "Strip" -> parts.add(strip(json));
            default -> throw json.unsupported(SUPPORTED);
        }
    }

    private void join(JsonPart json, Decoder decoder) {
        addUnjoined(json, decoder);
        joined = true;
    }

    private void addUnjoined(JsonPart json, Decoder decoder) {
        if (joined) {
            throw new TokenizerLoadException(
                    "%s: %s after Fuse or ByteLevel is not supported, because it cannot stream; supported there: Strip"
                            .formatted(json.where(), json.type()));
        }
        parts.add(decoder);
    }

    private static Decoder metaspace(JsonPart json) {
        var scheme = PreTokenizerJson.scheme(json);
        return new Decoder.Metaspace(json.text("replacement"), scheme != PreTokenizer.PrependScheme.NEVER);
    }

    private Decoder strip(JsonPart json) {
        var content = json.text("content");
        if (!joined || json.number("stop", Integer.MAX_VALUE) != 0 || content.length() != 1) {
            throw new TokenizerLoadException(
                    "%s: Strip is supported only after Fuse, with stop 0 and one character of content"
                            .formatted(json.where()));
        }
        return new Decoder.StripStart(content.charAt(0), json.number("start", Integer.MAX_VALUE));
    }
}
