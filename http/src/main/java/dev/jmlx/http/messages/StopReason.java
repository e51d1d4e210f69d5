package dev.jmlx.http.messages;

import java.util.Locale;

/// Why an answer ended, by the API's names.
enum StopReason {
    END_TURN,
    MAX_TOKENS,
    STOP_SEQUENCE,
    TOOL_USE,
    MODEL_CONTEXT_WINDOW_EXCEEDED;

    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
