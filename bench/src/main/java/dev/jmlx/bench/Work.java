package dev.jmlx.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What a benchmark's calls moved and computed; JMH prints both as rates beside the calls per second.
///
/// One per benchmark thread.
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class Work {
    private double bytes;
    private double operations;

    void add(double movedBytes, double floatOperations) {
        bytes += movedBytes;
        operations += floatOperations;
    }

    /// Weight, cache or memory bytes read, in 10^9.
    public double gigabytes() {
        return bytes / 1e9;
    }

    /// Multiplications and additions, in 10^9.
    public double gigaflops() {
        return operations / 1e9;
    }
}
