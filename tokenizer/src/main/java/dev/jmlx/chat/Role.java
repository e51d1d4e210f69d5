package dev.jmlx.chat;

import java.util.Locale;

/// Who speaks, by the names that chat templates know.
public enum Role {
    SYSTEM,
    USER,
    ASSISTANT,
    TOOL;

    /// The name in a template: "system", "user", "assistant", "tool".
    public String templateName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
