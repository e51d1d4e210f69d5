package dev.jmlx.http.sse;

/// Writes server-sent events to one client, each flushed at once. Used by one virtual thread.
public interface SseWriter {

    /// Sends one event: `event:` line and `data:` line. Waits while the client does not read. `data` is a
    /// single line. Throws [ClientGoneException] when the client is gone.
    void send(String event, byte[] data) throws InterruptedException;

    /// Ends the stream; the connection stays usable. Harmless when called again.
    void end();
}
