package dev.jmlx.engine.ops;

/// What one step computes: the new tokens of several sequences, side by side.
///
/// The tokens of one sequence are consecutive rows with consecutive positions, called a segment: a
/// chunk of a prompt, or the single last token of a running answer. A segment may ask for the
/// logits of its last row. The scheduler fills one batch again and again; operations only read it.
/// Engine thread only.
public final class Batch {
    private final int[] tokens;
    private final int[] positions;
    private final int[] segmentStart;
    private final int[] segmentSlot;
    private final int[] logitRows;
    private int tokenCount;
    private int segmentCount;
    private int logitCount;

    public Batch(int maxTokens, int maxSegments) {
        tokens = new int[maxTokens];
        positions = new int[maxTokens];
        segmentStart = new int[maxSegments + 1];
        segmentSlot = new int[maxSegments];
        logitRows = new int[maxTokens];
    }

    public void clear() {
        tokenCount = 0;
        segmentCount = 0;
        logitCount = 0;
    }

    /// Adds `count` tokens of one sequence: `ids[from]` goes to `position` of `slot`, and so on.
    ///
    /// `logits` says which rows are wanted: all of them, the last one, or none.
    public void add(int slot, int position, int[] ids, int from, int count, Logits logits) {
        if (count < 1 || tokenCount + count > tokens.length || segmentCount == segmentSlot.length) {
            throw new IllegalArgumentException("segment of "
                    + count
                    + " tokens does not fit: "
                    + tokenCount
                    + " of "
                    + tokens.length
                    + " tokens, "
                    + segmentCount
                    + " of "
                    + segmentSlot.length
                    + " segments in use");
        }
        segmentSlot[segmentCount] = slot;
        System.arraycopy(ids, from, tokens, tokenCount, count);
        for (var i = 0; i < count; i++) {
            positions[tokenCount + i] = position + i;
            if (logits == Logits.ALL || (logits == Logits.LAST && i == count - 1)) {
                logitRows[logitCount++] = tokenCount + i;
            }
        }
        tokenCount += count;
        segmentStart[++segmentCount] = tokenCount;
    }

    public int tokenCount() {
        return tokenCount;
    }

    public int token(int row) {
        return tokens[row];
    }

    public int position(int row) {
        return positions[row];
    }

    public int segmentCount() {
        return segmentCount;
    }

    /// First row of a segment; `segmentStart(segmentCount())` is the number of rows.
    public int segmentStart(int segment) {
        return segmentStart[segment];
    }

    public int segmentLength(int segment) {
        return segmentStart[segment + 1] - segmentStart[segment];
    }

    public int segmentSlot(int segment) {
        return segmentSlot[segment];
    }

    /// Rows whose logits are wanted, in the order in which they were added.
    public int logitCount() {
        return logitCount;
    }

    public int logitRow(int index) {
        return logitRows[index];
    }

    /// Which rows of a segment need logits.
    public enum Logits {
        NONE,
        LAST,
        ALL
    }
}
