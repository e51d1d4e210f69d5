package dev.jmlx.tokenizer;

/// What [PreTokenizer.Split] does with the matches of its pattern. Stateless, any thread.
public enum SplitBehavior {
    /// Matches are dropped.
    REMOVED,
    /// Every match and every stretch between matches is a word.
    ISOLATED,
    /// A match ends the word before it.
    MERGED_WITH_PREVIOUS,
    /// A match begins the word after it.
    MERGED_WITH_NEXT,
    /// Neighbouring matches form one word.
    CONTIGUOUS;

    /// Whether a word ends between two neighbouring stretches, each a match or not.
    boolean cuts(boolean leftMatches, boolean rightMatches) {
        return switch (this) {
            case REMOVED, ISOLATED -> true;
            case MERGED_WITH_PREVIOUS -> leftMatches || !rightMatches;
            case MERGED_WITH_NEXT -> !leftMatches || rightMatches;
            case CONTIGUOUS -> leftMatches != rightMatches;
        };
    }
}
