package dev.jmlx.tokenizer;

import org.jspecify.annotations.Nullable;

/// Remembers the ids of words that came recently: code repeats its words.
///
/// A fixed number of slots, one per hash; a newcomer replaces what is there. Entries are immutable
/// and slots are written without a lock: a thread sees an old entry or a new one, never half of one.
final class WordCache {

    private static final int SLOTS = 1 << 15;
    /// Longer words hardly come again.
    private static final int LONGEST = 48;

    private final @Nullable Entry[] slots = new Entry[SLOTS];

    private record Entry(String word, int[] ids) {}

    /// The ids of `word`, or null if it is not remembered; not to be changed.
    int @Nullable [] find(String word) {
        var entry = slots[slot(word)];
        return entry != null && entry.word.equals(word) ? entry.ids : null;
    }

    void remember(String word, int[] ids) {
        if (word.length() <= LONGEST) {
            slots[slot(word)] = new Entry(word, ids);
        }
    }

    private static int slot(String word) {
        return (word.hashCode() * 0x9E3779B9) >>> (32 - Integer.numberOfTrailingZeros(SLOTS));
    }
}
