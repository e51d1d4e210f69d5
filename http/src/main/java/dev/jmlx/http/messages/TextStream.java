package dev.jmlx.http.messages;

import java.time.Duration;
import java.util.Optional;

/// A running generation as text. One thread reads and closes; any thread may cancel.
public interface TextStream extends AutoCloseable {

    /// The next event, or empty when `timeout` has passed without one. Not to be called after the end.
    Optional<TextEvent> next(Duration timeout) throws InterruptedException;

    /// Stops the generation; the reader sees the end soon. Harmless after the end.
    void cancel();

    /// Cancels and forgets: nothing can be read afterwards.
    @Override
    void close();
}
