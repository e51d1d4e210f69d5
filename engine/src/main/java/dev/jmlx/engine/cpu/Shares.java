package dev.jmlx.engine.cpu;

/// How the row blocks of a decoding operation fall into units for [WorkerPool]: every thread has a share of
/// consecutive blocks, and of that first a half, then half of the rest, then what is left.
///
/// The end of a unit waits for all loads under way, since the next one is claimed by an atomic operation: units
/// of 64 rows of 2,048 columns, 3 microseconds each, cost a sixth of the memory bandwidth. The last units are
/// short, so that threads end together; one of a third of the others' speed still ends its first in time. Any
/// thread.
final class Shares {
    /// Units of a thread.
    private static final int PIECES = 3;

    private Shares() {}

    /// Units for `threads` threads; some are empty where there are few blocks.
    static int units(int threads) {
        return threads * PIECES;
    }

    /// The first of unit `unit`'s blocks, of `blocks` for `threads` threads; that of unit `unit + 1` is the end
    /// of it.
    static int start(int blocks, int threads, int unit) {
        var thread = unit / PIECES;
        var first = (int) ((long) blocks * thread / threads);
        var end = (int) ((long) blocks * (thread + 1) / threads);
        return end - ((end - first) >> unit % PIECES);
    }
}
