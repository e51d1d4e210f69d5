package dev.jmlx.tokenizer;

/// Merges the symbols of one word by rank, the leftmost first among equals.
///
/// Symbols are a linked list and candidates a heap, so a word of n symbols takes O(n log n): some
/// models know no words and merge a whole text. One word, one thread.
final class WordMerge {

    private static final int END = -1;

    private final MergeTable merges;
    private final int[] symbols;
    private final int[] next;
    private final int[] previous;
    private final LongHeap candidates;

    /// Takes `symbols`, the first ids of the word, over.
    WordMerge(MergeTable merges, int[] symbols) {
        this.merges = merges;
        this.symbols = symbols;
        next = new int[symbols.length];
        previous = new int[symbols.length];
        candidates = new LongHeap(symbols.length);
    }

    /// Appends the ids that are left when nothing merges any more.
    void run(IdList out) {
        for (var i = 0; i < symbols.length; i++) {
            next[i] = i + 1 < symbols.length ? i + 1 : END;
            previous[i] = i - 1;
        }
        for (var i = 0; i + 1 < symbols.length; i++) {
            consider(i);
        }
        while (!candidates.isEmpty()) {
            var candidate = candidates.pop();
            merge((int) (candidate >>> 32), (int) candidate);
        }
        for (var i = symbols.length == 0 ? END : 0; i != END; i = next[i]) {
            out.add(symbols[i]);
        }
    }

    private void consider(int left) {
        var rank = merges.rank(symbols[left], symbols[next[left]]);
        if (rank != MergeTable.NONE) {
            candidates.push(((long) rank << 32) | left);
        }
    }

    private void merge(int rank, int left) {
        var right = next[left];
        // A symbol that was merged away has no next one, and a pair that changed has another rank.
        if (right == END || merges.rank(symbols[left], symbols[right]) != rank) {
            return;
        }
        symbols[left] = merges.merged(rank);
        next[left] = next[right];
        next[right] = END;
        if (next[left] != END) {
            previous[next[left]] = left;
            consider(left);
        }
        if (previous[left] >= 0) {
            consider(previous[left]);
        }
    }
}
