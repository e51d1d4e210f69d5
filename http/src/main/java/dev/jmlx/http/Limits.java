package dev.jmlx.http;

import java.time.Duration;

/// What the server takes from a client before it says no. Immutable.
///
/// `maxBodyBytes`: larger bodies get 413. `requestTimeout`: from the first byte of a request to its last.
/// `idleTimeout`: between requests. `writeTimeout`: how long a client that reads nothing may hold up its answer.
/// `maxConnections`: further ones are closed at once.
public record Limits(
        int maxBodyBytes,
        int maxHeaderBytes,
        int maxUriBytes,
        int maxConnections,
        Duration requestTimeout,
        Duration idleTimeout,
        Duration writeTimeout) {

    /// 32 MiB bodies, 64 KiB headers, 8 KiB URLs, 512 connections, one minute to send a request, five minutes idle,
    /// two minutes without reading.
    public static Limits defaults() {
        return new Limits(
                32 << 20, 64 << 10, 8 << 10, 512, Duration.ofMinutes(1), Duration.ofMinutes(5), Duration.ofMinutes(2));
    }
}
