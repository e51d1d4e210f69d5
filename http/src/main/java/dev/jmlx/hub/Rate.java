package dev.jmlx.hub;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/// How many bytes came a second, over the last seconds. Any thread.
final class Rate {
    private static final long WINDOW = Duration.ofSeconds(5).toNanos();

    /// Who asks more often gets the same samples.
    private static final long SHORTEST = Duration.ofMillis(100).toNanos();

    private final Deque<Sample> samples = new ArrayDeque<>();

    private record Sample(long nanos, long bytes) {}

    /// `bytes`: all that have come until now, `nanos`. 0 at the first call.
    synchronized long perSecond(long bytes, long nanos) {
        if (samples.isEmpty() || nanos - samples.getLast().nanos() >= SHORTEST) {
            samples.addLast(new Sample(nanos, bytes));
        }
        while (samples.size() > 2 && nanos - samples.getFirst().nanos() > WINDOW) {
            samples.removeFirst();
        }
        var first = samples.getFirst();
        return (long) Math.max(0, (bytes - first.bytes()) * 1e9 / Math.max(1, nanos - first.nanos()));
    }
}
