package dev.jmlx.engine.ops;

/// A way to run [Ops], found through `ServiceLoader`.
///
/// [Backends] asks each one whether it can run here and opens the first that can. Implementations
/// hold no state.
public interface Backend {

    /// Short name as users write it in `BACKEND`: "cpu", "metal".
    String name();

    /// Higher is tried first.
    int priority();

    /// Whether it can run on this machine, and if not, why.
    Availability available();

    /// Opens the device. `threads` is the number of CPU threads to compute with, at least 1.
    Ops open(int threads, Precision precision);

    /// Yes, or no with a reason that a user can act on.
    sealed interface Availability {
        record Available() implements Availability {}

        record Unavailable(String reason) implements Availability {}
    }
}
