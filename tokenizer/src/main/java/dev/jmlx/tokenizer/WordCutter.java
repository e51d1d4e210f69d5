package dev.jmlx.tokenizer;

import dev.jmlx.tokenizer.PreTokenizer.Words;

/// One pass over a text that hands out its words as a [SplitBehavior] demands. One thread.
final class WordCutter {

    private final String text;
    private final SplitBehavior behavior;
    private final boolean first;
    private final Words words;
    private int wordStart;
    private int stretchStart;
    private boolean matches;

    private WordCutter(String text, SplitBehavior behavior, boolean first, Words words) {
        this.text = text;
        this.behavior = behavior;
        this.first = first;
        this.words = words;
    }

    /// Cuts `text` at the matches of `pattern`, or with `invert` treats what lies between as the matches.
    static void cut(
            String text, TextPattern pattern, boolean invert, SplitBehavior behavior, boolean first, Words words) {
        var cutter = new WordCutter(text, behavior, first, words);
        var matcher = pattern.matcher(text);
        var end = 0;
        while (matcher.find()) {
            if (matcher.start() > end) {
                cutter.stretch(end, invert);
            }
            cutter.stretch(matcher.start(), !invert);
            end = matcher.end();
        }
        if (end < text.length()) {
            cutter.stretch(end, invert);
        }
        cutter.emit(text.length());
    }

    private void stretch(int start, boolean isMatch) {
        if (start > stretchStart && behavior.cuts(matches, isMatch)) {
            emit(start);
        }
        stretchStart = start;
        matches = isMatch;
    }

    private void emit(int end) {
        var dropped = behavior == SplitBehavior.REMOVED && matches;
        if (end > wordStart && !dropped) {
            words.add(text.substring(wordStart, end), first && wordStart == 0);
        }
        wordStart = end;
    }
}
