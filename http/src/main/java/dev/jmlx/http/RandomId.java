package dev.jmlx.http;

import java.util.UUID;

/// Makes the ids of requests, messages and tool calls: a prefix and 128 random bits. Any thread.
public final class RandomId {
    private RandomId() {}

    /// For example `req_0f9c...` for the prefix `req_`.
    public static String of(String prefix) {
        return prefix + UUID.randomUUID().toString().replace("-", "");
    }
}
