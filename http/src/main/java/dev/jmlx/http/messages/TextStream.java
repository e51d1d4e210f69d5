package dev.jmlx.http.messages;

import java.time.Duration;
import java.util.Optional;

/// A running generation as text. One thread reads; any thread may close it, which cancels the generation.
public interface TextStream extends AutoCloseable {

    /// The next event, or empty when `timeout` has passed without one. Not to be called after the end.
    Optional<TextEvent> next(Duration timeout) throws InterruptedException;

    @Override
    void close();
}
