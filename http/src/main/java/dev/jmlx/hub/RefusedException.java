package dev.jmlx.hub;

import java.io.IOException;
import java.time.Duration;

/// The hub will not serve a request now. `pause`: how long it asks to wait; zero when it does not say.
final class RefusedException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Duration pause;

    RefusedException(String message, Duration pause) {
        super(message);
        this.pause = pause;
    }

    Duration pause() {
        return pause;
    }
}
