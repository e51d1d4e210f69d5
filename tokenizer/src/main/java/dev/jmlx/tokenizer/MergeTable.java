package dev.jmlx.tokenizer;

import java.util.Arrays;

/// Which pairs of tokens merge, in what order, and into what: a hash table without boxes.
///
/// Filled by [SubwordModelJson] in rank order, then only read; any thread.
final class MergeTable {

    /// What [#rank] returns for a pair that does not merge.
    static final int NONE = -1;

    private static final long FREE = -1;

    private final long[] pairs;
    private final int[] ranks;
    private final int[] merged;
    private final int shift;
    private int size;

    MergeTable(int capacity) {
        var bits = Math.max(4, 33 - Integer.numberOfLeadingZeros(capacity));
        pairs = new long[1 << bits];
        ranks = new int[1 << bits];
        merged = new int[capacity];
        shift = 64 - bits;
        Arrays.fill(pairs, FREE);
    }

    /// Adds the next merge; a pair that comes again gets the later rank, as in the reference.
    void add(int left, int right, int into) {
        var slot = slot(left, right);
        pairs[slot] = pair(left, right);
        ranks[slot] = size;
        merged[size++] = into;
    }

    /// The rank of a pair (0 merges first), or [#NONE].
    int rank(int left, int right) {
        var slot = slot(left, right);
        return pairs[slot] == FREE ? NONE : ranks[slot];
    }

    /// The token that the merge of this rank makes.
    int merged(int rank) {
        return merged[rank];
    }

    private int slot(int left, int right) {
        var pair = pair(left, right);
        var slot = (int) ((pair * 0x9E3779B97F4A7C15L) >>> shift);
        while (pairs[slot] != FREE && pairs[slot] != pair) {
            slot = (slot + 1) & (pairs.length - 1);
        }
        return slot;
    }

    private static long pair(int left, int right) {
        return ((long) left << 32) | right;
    }
}
