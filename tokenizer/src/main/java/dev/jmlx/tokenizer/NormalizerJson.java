package dev.jmlx.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the `normalizer` of a `tokenizer.json`. Used while loading only.
final class NormalizerJson {

    private static final String SUPPORTED = "Sequence, NFC, NFD, NFKC, NFKD, Replace, Prepend, Strip, StripAccents,"
            + " Lowercase, Nmt, Precompiled, ByteLevel, BertNormalizer";

    private static final Normalizer STRIP_ACCENTS = replace("\\p{M}", "");
    private static final Normalizer BERT_STRIP_ACCENTS = replace("\\p{Mn}", "");

    /// Control characters go, unusual spaces become spaces.
    private static final Normalizer NMT = new Normalizer.Sequence(List.of(
            replace("[\\x01-\\x08\\x0B\\x0E-\\x1F\\x7F\\x8F\\x9F]", ""),
            replace("[\\t\\n\\f\\r\\u1680\\u200B-\\u200F\\u2028\\u2029\\u2581\\uFEFF\\uFFFD]", " ")));

    private static final Normalizer BERT_CLEAN = new Normalizer.Sequence(
            List.of(replace("[\\x00\\uFFFD\\p{Cc}\\p{Cf}\\p{Co}&&[^\\t\\n\\r]]", ""), replace("\\s", " ")));

    private static final String CHINESE = "[\\u4E00-\\u9FFF\\u3400-\\u4DBF\\uF900-\\uFAFF\\x{20000}-\\x{2A6DF}"
            + "\\x{2A700}-\\x{2B73F}\\x{2B740}-\\x{2B81F}\\x{2B920}-\\x{2CEAF}\\x{2F800}-\\x{2FA1F}]";

    private static final Normalizer BERT_CHINESE = new Normalizer.Surround(TextPattern.regex(CHINESE), " ");

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
            case "StripAccents" -> STRIP_ACCENTS;
            case "Lowercase" -> new Normalizer.Lowercase();
            case "Nmt" -> NMT;
            case "Precompiled" -> precompiled(json);
            case "ByteLevel" -> new Normalizer.ByteLevel();
            case "BertNormalizer" -> bert(json);
            default -> throw json.unsupported(SUPPORTED);
        };
    }

    private static Normalizer replace(String expression, String content) {
        return new Normalizer.Replace(TextPattern.regex(expression), content);
    }

    private static Normalizer precompiled(JsonPart json) {
        try {
            return new Normalizer.Precompiled(CharacterMap.read(json.text("precompiled_charsmap")));
        } catch (IllegalArgumentException e) {
            throw new TokenizerLoadException(
                    "%s.precompiled_charsmap cannot be read: %s".formatted(json.where(), e.getMessage()), e);
        }
    }

    private static Normalizer bert(JsonPart json) {
        var parts = new ArrayList<Normalizer>();
        if (json.flag("clean_text", true)) {
            parts.add(BERT_CLEAN);
        }
        if (json.flag("handle_chinese_chars", true)) {
            parts.add(BERT_CHINESE);
        }
        var lowercase = json.flag("lowercase", true);
        if (json.flag("strip_accents", lowercase)) {
            parts.add(new Normalizer.Unicode(Form.NFD));
            parts.add(BERT_STRIP_ACCENTS);
        }
        if (lowercase) {
            parts.add(new Normalizer.Lowercase());
        }
        return new Normalizer.Sequence(parts);
    }
}
