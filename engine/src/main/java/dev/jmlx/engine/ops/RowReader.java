package dev.jmlx.engine.ops;

/// What [Ops#readRows] calls with each row of a result. Called by any thread, and by several at a time.
@FunctionalInterface
public interface RowReader {
    /// `values` has row `row` from index 0 and is the reader's until it returns; it may be longer than the row.
    /// `thread` is below [Ops#readers] and no other call has it at the same time.
    void read(int thread, int row, float[] values);
}
