package dev.jmlx.tokenizer;

import java.text.Normalizer.Form;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the `normalizer` of a `tokenizer.json`. Used while loading only.
final class NormalizerJson {

    private static final String SUPPORTED = "Sequence, NFC, NFD, NFKC, NFKD, Replace, Prepend, Strip, Lowercase";

    private NormalizerJson() {}

    /// The normalizer that `json` describes; one that changes nothing if it is null.
    static Normalizer read(@Nullable JsonPart json) {
        if (json == null) {
            return new Normalizer.Sequence(List.of());
        }
        return switch (json.type()) {
            case "Sequence" ->
                new Normalizer.Sequence(json.parts("normalizers").stream()
                        .map(NormalizerJson::read)
                        .toList());
            case "NFC" -> new Normalizer.Unicode(Form.NFC);
            case "NFD" -> new Normalizer.Unicode(Form.NFD);
            case "NFKC" -> new Normalizer.Unicode(Form.NFKC);
            case "NFKD" -> new Normalizer.Unicode(Form.NFKD);
            case "Replace" -> new Normalizer.Replace(json.pattern(), json.text("content"));
            case "Prepend" -> new Normalizer.Prepend(json.text("prepend"));
            case "Strip" -> new Normalizer.Strip(json.flag("strip_left", true), json.flag("strip_right", true));
            case "Lowercase" -> new Normalizer.Lowercase();
            default -> throw json.unsupported(SUPPORTED);
        };
    }
}
