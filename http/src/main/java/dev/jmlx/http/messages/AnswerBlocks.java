package dev.jmlx.http.messages;

import dev.jmlx.chat.OutputEvent;
import dev.jmlx.http.RandomId;
import dev.jmlx.http.messages.StreamEvent.Block;
import dev.jmlx.http.messages.StreamEvent.BlockDelta;
import dev.jmlx.http.messages.StreamEvent.BlockStart;
import dev.jmlx.http.messages.StreamEvent.BlockStop;
import dev.jmlx.http.messages.StreamEvent.Delta;
import dev.jmlx.http.messages.StreamEvent.Ping;

/// Turns parsed output into content blocks with their start, deltas and stop. One per answer, one thread.
final class AnswerBlocks {
    private final EventSink sink;
    private int index;
    private boolean textIsOpen;
    private boolean pinged;
    private boolean hasToolUse;

    AnswerBlocks(EventSink sink) {
        this.sink = sink;
    }

    void add(OutputEvent event) throws InterruptedException {
        switch (event) {
            case OutputEvent.Text text -> addText(text.text());
            case OutputEvent.ToolUse use -> addToolUse(use);
        }
    }

    /// Shows the client that the answer is still being made. An empty delta, because some clients' watchdogs
    /// see only content, and a ping would not reset them.
    void keepAlive() throws InterruptedException {
        openText();
        sink.accept(new BlockDelta(index, new Delta.Text("")));
    }

    /// Closes what is open; an answer without any content gets an empty text block.
    void finish() throws InterruptedException {
        if (index == 0) {
            openText();
        }
        closeText();
    }

    boolean hasToolUse() {
        return hasToolUse;
    }

    private void addText(String text) throws InterruptedException {
        // White space between tool calls is part of their format, not of the answer.
        if (text.isEmpty() || (!textIsOpen && hasToolUse && text.isBlank())) {
            return;
        }
        openText();
        sink.accept(new BlockDelta(index, new Delta.Text(text)));
    }

    private void addToolUse(OutputEvent.ToolUse use) throws InterruptedException {
        closeText();
        start(new Block.ToolUse(RandomId.of("toolu_"), use.name()));
        sink.accept(new BlockDelta(index, new Delta.InputJson(use.argumentsJson())));
        stop();
        hasToolUse = true;
    }

    private void openText() throws InterruptedException {
        if (!textIsOpen) {
            start(new Block.Text());
            textIsOpen = true;
        }
    }

    private void closeText() throws InterruptedException {
        if (textIsOpen) {
            textIsOpen = false;
            stop();
        }
    }

    private void start(Block block) throws InterruptedException {
        sink.accept(new BlockStart(index, block));
        if (!pinged) {
            pinged = true;
            sink.accept(new Ping());
        }
    }

    private void stop() throws InterruptedException {
        sink.accept(new BlockStop(index++));
    }
}
