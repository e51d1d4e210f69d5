package dev.jmlx.engine.cpu;

/// Keeps the heap small while kernels that are not compiled yet fill it with boxed vectors. A
/// [Rehearsal]'s own; engine thread only.
final class HeapLimit {
    private static final long FIRST_MOST_BYTES = 96L << 20;

    /// Size of the heap from which on garbage is thrown away.
    private long mostHeapBytes = FIRST_MOST_BYTES;

    /// Used part of the heap from which on it is, where the heap's size stays what it is.
    private long mostUsedBytes = FIRST_MOST_BYTES;

    /// A full collection gives what is free back to the system; young ones make the heap grow while
    /// they are frequent, and what was once written to stays resident. What is left, which others have,
    /// sets the next limits.
    void shrink() {
        if (heapBytes() > mostHeapBytes || usedBytes() > mostUsedBytes) {
            System.gc();
            mostHeapBytes = Math.max(mostHeapBytes, 2 * heapBytes());
            mostUsedBytes = Math.max(mostUsedBytes, 2 * usedBytes());
        }
    }

    private static long heapBytes() {
        return Runtime.getRuntime().totalMemory();
    }

    private static long usedBytes() {
        return heapBytes() - Runtime.getRuntime().freeMemory();
    }
}
