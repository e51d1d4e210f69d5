package dev.jmlx.tokenizer;

import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.UnaryOperator;

/// Puts a [Tokenizer#PLAIN] behind the first character of each place where a token, or four characters of one,
/// begin; and at the ends of a text that could be the rest or the beginning of one.
///
/// Four characters, because some chat templates delete words from what they print, which joins what stood
/// around them. Ends are looked at only where they are no letters or digits, so that the names that templates
/// look for stay as they are. A token of one character cannot be broken. Immutable, any thread.
final class PlainText implements UnaryOperator<String> {
    /// Characters at the beginning of a token that count as one.
    private static final int BEGINNING = 4;

    /// Characters of an end of the text that are compared.
    private static final int END = 3;

    private final Set<String> beginnings = new HashSet<>();
    private final Set<String> rests = new HashSet<>();
    private final Set<String> starts = new HashSet<>();
    private final BitSet firstChars = new BitSet();

    PlainText(Collection<String> tokens) {
        for (var token : tokens) {
            if (token.length() > 1) {
                firstChars.set(token.charAt(0));
                beginnings.add(token.substring(0, Math.min(BEGINNING, token.length())));
                addParts(token);
            }
        }
    }

    private void addParts(String token) {
        for (var from = 0; from < token.length(); from++) {
            for (var to = from + 1; to <= Math.min(token.length(), from + END); to++) {
                var part = token.substring(from, to);
                if (from > 0) {
                    rests.add(part);
                }
                if (to < token.length()) {
                    starts.add(part);
                }
            }
        }
    }

    @Override
    public String apply(String text) {
        if (text.isEmpty()) {
            return text;
        }
        var own = text.replace(Tokenizer.PLAIN, '\uFFFD');
        var out = new StringBuilder(own.length() + 16);
        if (isOpen(own.charAt(0)) && rests.contains(own.substring(0, Math.min(END, own.length())))) {
            out.append(Tokenizer.PLAIN);
        }
        for (var i = 0; i < own.length(); i++) {
            out.append(own.charAt(i));
            if (firstChars.get(own.charAt(i)) && beginsAt(own, i)) {
                out.append(Tokenizer.PLAIN);
            }
        }
        if (isOpen(own.charAt(own.length() - 1)) && starts.contains(own.substring(Math.max(0, own.length() - END)))) {
            out.append(Tokenizer.PLAIN);
        }
        return out.length() == own.length() ? own : out.toString();
    }

    private static boolean isOpen(char c) {
        return !Character.isLetterOrDigit(c);
    }

    private boolean beginsAt(String text, int at) {
        for (var length = 2; length <= Math.min(BEGINNING, text.length() - at); length++) {
            if (beginnings.contains(text.substring(at, at + length))) {
                return true;
            }
        }
        return false;
    }
}
