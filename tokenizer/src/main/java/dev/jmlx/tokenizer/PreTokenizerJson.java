package dev.jmlx.tokenizer;

import dev.jmlx.tokenizer.PreTokenizer.PrependScheme;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads the `pre_tokenizer` of a `tokenizer.json`. Used while loading only.
final class PreTokenizerJson {

    private static final String SUPPORTED =
            "Sequence, Split, Digits, ByteLevel, Metaspace, Whitespace, WhitespaceSplit,"
                    + " Punctuation, CharDelimiterSplit, BertPreTokenizer";

    private static final PreTokenizer WHITESPACE_SPLIT =
            new PreTokenizer.Split(TextPattern.regex("\\s"), SplitBehavior.REMOVED, false);

    private static final TextPattern PUNCTUATION = TextPattern.regex("[\\p{P}!-/:-@\\[-`{-~]");

    private PreTokenizerJson() {}

    /// The pre-tokenizer that `json` describes; one that cuts nothing if it is null.
    static PreTokenizer read(@Nullable JsonPart json) {
        if (json == null) {
            return new PreTokenizer.Sequence(List.of());
        }
        return switch (json.type()) {
            case "Sequence" ->
                new PreTokenizer.Sequence(json.parts("pretokenizers").stream()
                        .map(PreTokenizerJson::read)
                        .toList());
            case "Split" -> new PreTokenizer.Split(json.pattern(), behavior(json), json.flag("invert", false));
            case "Digits" -> new PreTokenizer.Digits(json.flag("individual_digits", false));
            case "ByteLevel" ->
                new PreTokenizer.ByteLevel(json.flag("add_prefix_space", true), json.flag("use_regex", true));
            case "Metaspace" ->
                new PreTokenizer.Metaspace(json.text("replacement"), scheme(json), json.flag("split", true));
            case "Whitespace" ->
                new PreTokenizer.Split(TextPattern.regex("\\w+|[^\\w\\s]+"), SplitBehavior.REMOVED, true);
            case "WhitespaceSplit" -> WHITESPACE_SPLIT;
            case "Punctuation" ->
                new PreTokenizer.Split(
                        PUNCTUATION, json.has("behavior") ? behavior(json) : SplitBehavior.ISOLATED, false);
            case "CharDelimiterSplit" ->
                new PreTokenizer.Split(TextPattern.literal(json.text("delimiter")), SplitBehavior.REMOVED, false);
            case "BertPreTokenizer" ->
                new PreTokenizer.Sequence(
                        List.of(WHITESPACE_SPLIT, new PreTokenizer.Split(PUNCTUATION, SplitBehavior.ISOLATED, false)));
            default -> throw json.unsupported(SUPPORTED);
        };
    }

    private static SplitBehavior behavior(JsonPart json) {
        return switch (json.text("behavior")) {
            case "Removed" -> SplitBehavior.REMOVED;
            case "Isolated" -> SplitBehavior.ISOLATED;
            case "MergedWithPrevious" -> SplitBehavior.MERGED_WITH_PREVIOUS;
            case "MergedWithNext" -> SplitBehavior.MERGED_WITH_NEXT;
            case "Contiguous" -> SplitBehavior.CONTIGUOUS;
            default ->
                throw new TokenizerLoadException(
                        "%s.behavior \"%s\" is not supported; supported: Removed, Isolated, MergedWithPrevious, "
                                        .formatted(json.where(), json.text("behavior"))
                                + "MergedWithNext, Contiguous");
        };
    }

    /// Where a Metaspace puts its mark; files from before `prepend_scheme` say `add_prefix_space`.
    static PrependScheme scheme(JsonPart json) {
        if (!json.has("prepend_scheme")) {
            return json.flag("add_prefix_space", true) ? PrependScheme.ALWAYS : PrependScheme.NEVER;
        }
        return switch (json.text("prepend_scheme")) {
            case "first" -> PrependScheme.FIRST;
            case "always" -> PrependScheme.ALWAYS;
            case "never" -> PrependScheme.NEVER;
            default ->
                throw new TokenizerLoadException(
                        "%s.prepend_scheme \"%s\" is not supported; supported: first, always, never"
                                .formatted(json.where(), json.text("prepend_scheme")));
        };
    }
}
