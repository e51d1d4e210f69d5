package dev.jmlx.bench;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/// What a benchmark's calls moved and computed; JMH prints both as rates beside the calls per second.
///
/// One per benchmark thread. The fields are public because JMH sets those, and only those, to zero before an iteration.
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class Work {
    /// Weight, cache or memory bytes read, in 10^9.
    public double gigabytes;

    /// Multiplications and additions, in 10^9.
    public double gigaflops;

    void add(double bytes, double operations) {
        gigabytes += bytes / 1e9;
        gigaflops += operations / 1e9;
    }
}
