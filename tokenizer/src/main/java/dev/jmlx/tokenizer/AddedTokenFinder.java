package dev.jmlx.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// Cuts added tokens out of a text: leftmost first, the longest among those. No token has a [Tokenizer#PLAIN]
/// in it, so none reaches over one.
///
/// A trie over their characters; positions whose character starts no token cost one bit test. Immutable once
/// built, any thread.
final class AddedTokenFinder {

    /// A stretch of the text: an added token, or what lies between (`token` null). Bounds in chars.
    record Span(int start, int end, @Nullable AddedToken token) {}

    private static final TextPattern WORD = TextPattern.regex("\\w");
    private static final TextPattern SPACE = TextPattern.regex("\\s");

    private final Node root = new Node();
    private final BitSet firstChars = new BitSet();

    private static final class Node {
        final Map<Character, Node> next = new HashMap<>();

        @Nullable
        AddedToken token;
    }

    /// A finder of `tokens`, each spelled as `spelling` maps its content.
    AddedTokenFinder(List<AddedToken> tokens, UnaryOperator<String> spelling) {
        for (var token : tokens) {
            add(spelling.apply(token.content()), token);
        }
    }

    /// The spans of `text`, in order and without gaps.
    List<Span> cut(String text) {
        var spans = new ArrayList<Span>();
        var textStart = 0;
        for (var i = 0; i < text.length(); ) {
            var found = firstChars.get(text.charAt(i)) ? longestAt(text, i) : null;
            if (found == null) {
                i++;
                continue;
            }
            if (counts(text, found)) {
                var span = widened(text, found, textStart);
                if (span.start > textStart) {
                    spans.add(new Span(textStart, span.start, null));
                }
                spans.add(span);
                textStart = span.end;
            }
            i = found.end;
        }
        if (textStart < text.length()) {
            spans.add(new Span(textStart, text.length(), null));
        }
        return spans;
    }

    /// Whether there is nothing to find.
    boolean isEmpty() {
        return firstChars.isEmpty();
    }

    /// Whether `text` has one of the tokens.
    boolean finds(String text) {
        return cut(text).stream().anyMatch(span -> span.token != null);
    }

    private void add(String content, AddedToken token) {
        if (content.isEmpty()) {
            return;
        }
        firstChars.set(content.charAt(0));
        var node = root;
        for (var i = 0; i < content.length(); i++) {
            node = node.next.computeIfAbsent(content.charAt(i), _ -> new Node());
        }
        if (node.token == null) {
            node.token = token;
        }
    }

    private @Nullable Span longestAt(String text, int start) {
        Span longest = null;
        var node = root;
        for (var i = start; i < text.length(); i++) {
            node = node.next.get(text.charAt(i));
            if (node == null) {
                break;
            }
            if (node.token != null) {
                longest = new Span(start, i + 1, node.token);
            }
        }
        return longest;
    }

    private static boolean counts(String text, Span span) {
        if (span.token == null || !span.token.singleWord()) {
            return true;
        }
        var joinsLeft = span.start > 0 && is(WORD, text.codePointBefore(span.start));
        var joinsRight = span.end < text.length() && is(WORD, text.codePointAt(span.end));
        return !joinsLeft && !joinsRight;
    }

    /// The span with the white space that its token swallows, but no further left than `leftmost`.
    private static Span widened(String text, Span span, int leftmost) {
        var start = Math.max(span.start, leftmost);
        var end = span.end;
        if (span.token != null && span.token.leftStrip()) {
            while (start > leftmost && is(SPACE, text.codePointBefore(start))) {
                start--;
            }
        }
        if (span.token != null && span.token.rightStrip()) {
            while (end < text.length() && is(SPACE, text.codePointAt(end))) {
                end++;
            }
        }
        return new Span(start, end, span.token);
    }

    private static boolean is(TextPattern kind, int codePoint) {
        return kind.matcher(Character.toString(codePoint)).matches();
    }
}
