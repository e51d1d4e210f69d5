package dev.jmlx.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// A tokenizer made of the parts of a `tokenizer.json`.
///
/// Text passes through: added tokens are cut out, [Normalizer], normalized added tokens are cut out,
/// [PreTokenizer], [SubwordModel]. Ids go back through [Decoder]. Made by [TokenizerJson]; safe for any
/// thread. A lone surrogate in a text counts as U+FFFD. No method throws for any text or id: an id
/// that no token has decodes to nothing.
public final class SubwordTokenizer implements Tokenizer {

    /// The parts besides the model; made by [TokenizerJson].
    record Parts(
            List<AddedToken> added,
            Normalizer normalizer,
            PreTokenizer preTokenizer,
            Decoder decoder,
            Affixes affixes) {}

    private final SubwordModel model;
    private final Parts parts;
    private final AddedTokenFinder plainFinder;
    private final AddedTokenFinder normalizedFinder;
    private final Map<String, Integer> addedIds = new HashMap<>();
    private final @Nullable String[] spellings;
    private final BitSet special = new BitSet();

    SubwordTokenizer(SubwordModel model, Parts parts) {
        parts.added.forEach(token -> special.set(token.id(), token.special()));
        this.model = model.without(special);
        this.parts = parts;
        Predicate<AddedToken> normalized = AddedToken::normalized;
        plainFinder = new AddedTokenFinder(
                parts.added.stream().filter(normalized.negate()).toList(), content -> content);
        normalizedFinder =
                new AddedTokenFinder(parts.added.stream().filter(normalized).toList(), parts.normalizer::apply);
        spellings = spellings(model.vocabulary(), parts);
        for (var token : parts.added) {
            addedIds.put(token.content(), token.id());
        }
    }

    private static @Nullable String[] spellings(Vocabulary vocabulary, Parts parts) {
        var size = vocabulary.size();
        for (var token : parts.added) {
            size = Math.max(size, token.id() + 1);
        }
        var spellings = vocabulary.spellings(size);
        for (var token : parts.added) {
            // As in the reference: such a token decodes to the text that it stands for after the normalizer.
            spellings[token.id()] = token.normalized() ? parts.normalizer.apply(token.content()) : token.content();
        }
        return spellings;
    }

    @Override
    public int[] encode(String text) {
        try {
            return ids(text);
        } catch (StackOverflowError e) {
            // Expressions that repeat alternatives go a level deeper for each.
            throw new PatternLimitException(text.length(), e);
        }
    }

    private int[] ids(String text) {
        var ids = new IdList(text.length() / 3);
        var wellFormed = wellFormed(text);
        for (var span : plainFinder.cut(wellFormed)) {
            if (span.token() != null) {
                ids.add(span.token().id());
            } else {
                var plain = wellFormed.substring(span.start(), span.end());
                var marked = normalizedFinder.isEmpty() ? withoutMarks(plain) : plain;
                encodeNormalized(parts.normalizer.apply(marked), span.start() == 0, ids);
            }
        }
        return ids.toArray();
    }

    private void encodeNormalized(String text, boolean first, IdList ids) {
        for (var span : normalizedFinder.cut(text)) {
            if (span.token() != null) {
                ids.add(span.token().id());
            } else {
                var plain = withoutMarks(text.substring(span.start(), span.end()));
                parts.preTokenizer.split(plain, first && span.start() == 0, (word, _) -> model.encode(word, ids));
            }
        }
    }

    @Override
    public UnaryOperator<String> plainText(Predicate<String> also) {
        var tokens = parts.added.stream()
                .filter(token -> token.special() || also.test(token.content()))
                .toList();
        var plain = new PlainText(tokens.stream().map(AddedToken::content).toList());
        var hidden = new AddedTokenFinder(
                tokens.stream().filter(AddedToken::normalized).toList(), parts.normalizer::apply);
        if (hidden.isEmpty()) {
            return plain;
        }
        // Tokens that only the normalizer brings about are marked in what it makes.
        var spellings = new ArrayList<String>();
        for (var token : tokens) {
            spellings.add(token.content());
            spellings.add(parts.normalizer.apply(token.content()));
        }
        var normalized = new PlainText(spellings);
        return text -> {
            var after = parts.normalizer.apply(plain.apply(text));
            return hidden.finds(after) ? normalized.apply(withoutMarks(after)) : plain.apply(text);
        };
    }

    private static String withoutMarks(String text) {
        return text.indexOf(PLAIN) < 0 ? text : text.replace(Character.toString(PLAIN), "");
    }

    private static String wellFormed(String text) {
        StringBuilder mended = null;
        for (var i = 0; i < text.length(); i++) {
            if (!Character.isSurrogate(text.charAt(i))) {
                continue;
            }
            if (Character.isSupplementaryCodePoint(text.codePointAt(i))) {
                i++;
            } else {
                mended = mended == null ? new StringBuilder(text) : mended;
                mended.setCharAt(i, '\uFFFD');
            }
        }
        return mended == null ? text : mended.toString();
    }

    @Override
    public String decode(int[] ids, boolean skipSpecialTokens) {
        var text = new StringBuilder(ids.length * 4);
        var stage = parts.decoder.open();
        for (var id : ids) {
            push(id, skipSpecialTokens, stage, text::append);
        }
        stage.finish(text::append);
        return text.toString();
    }

    @Override
    public StreamDecoder streamDecoder(boolean skipSpecialTokens) {
        return new Stream(skipSpecialTokens, parts.decoder.open());
    }

    private void push(int id, boolean skipSpecialTokens, Decoder.Stage stage, Consumer<String> out) {
        var spelling = id >= 0 && id < spellings.length ? spellings[id] : null;
        if (spelling != null && !(skipSpecialTokens && special.get(id))) {
            stage.push(spelling, out);
        }
    }

    @Override
    public OptionalInt idOf(String token) {
        var added = addedIds.get(token);
        var id = added != null ? added : model.vocabulary().id(token);
        return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public int size() {
        return spellings.length;
    }

    /// What belongs around a prompt that no chat template wrote.
    public Affixes affixes() {
        return parts.affixes;
    }

    private final class Stream implements StreamDecoder {

        private final boolean skipSpecialTokens;
        private final Decoder.Stage stage;

        private Stream(boolean skipSpecialTokens, Decoder.Stage stage) {
            this.skipSpecialTokens = skipSpecialTokens;
            this.stage = stage;
        }

        @Override
        public String push(int id) {
            var text = new StringBuilder();
            SubwordTokenizer.this.push(id, skipSpecialTokens, stage, text::append);
            return text.toString();
        }

        @Override
        public String finish() {
            var text = new StringBuilder();
            stage.finish(text::append);
            return text.toString();
        }
    }
}
