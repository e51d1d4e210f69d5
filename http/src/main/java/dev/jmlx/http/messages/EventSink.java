package dev.jmlx.http.messages;

/// Takes the events of one answer in their order. One thread.
@FunctionalInterface
interface EventSink {
    void accept(StreamEvent event) throws InterruptedException;
}
