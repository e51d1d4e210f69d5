package dev.jmlx.http.messages;

import java.util.Locale;

/// How far the start of the server is, for those who ask meanwhile. Immutable.
///
/// `percent`: of the bytes of this phase. `secondsLeft`: about; 0 where that cannot be told.
public record StartState(Phase phase, double percent, long secondsLeft) {
    /// What is being done.
    public enum Phase {
        DOWNLOADING,
        LOADING;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
