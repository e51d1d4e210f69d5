package dev.jmlx.chat;

import dev.jmlx.chat.OutputEvent.Text;
import dev.jmlx.chat.OutputEvent.ToolUse;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tool calls of Hermes and Qwen models: `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`.
///
/// Any number of calls, with text around them; white space next to a call is dropped. A closing tag
/// inside a JSON string does not end a call, and a complete call at the very end needs no closing
/// tag. What cannot be read stays text, tags included. One per generation, one thread.
public final class HermesParser implements OutputParser {
    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";
    private static final List<String> MARKERS = List.of(OPEN);
    private static final int UNSEEN = -1;

    private final List<OutputEvent> events = new ArrayList<>();
    private final StringBuilder pending = new StringBuilder();
    private String heldSpace = "";
    private boolean afterCall;
    private boolean inCall;

    // Where the scan of the current call stands.
    private int scanned;
    private boolean inString;
    private boolean escaped;
    private int quotedClose = UNSEEN;

    @Override
    public List<OutputEvent> push(String text) {
        pending.append(text);
        advance();
        return drain();
    }

    @Override
    public List<OutputEvent> finish() {
        while (inCall) {
            finishCall();
            advance();
        }
        text(pending.toString());
        pending.setLength(0);
        if (!afterCall && !heldSpace.isEmpty()) {
            events.add(new Text(heldSpace));
        }
        heldSpace = "";
        return drain();
    }

    private List<OutputEvent> drain() {
        var result = List.copyOf(events);
        events.clear();
        return result;
    }

    private void advance() {
        var moves = true;
        while (moves) {
            moves = inCall ? scanCall() : scanText();
        }
    }

    /// Passes text on up to the next opening tag; whether one was found.
    private boolean scanText() {
        var open = pending.indexOf(OPEN);
        if (open < 0) {
            var shown = pending.length() - StopMatcher.heldLength(pending.toString(), MARKERS);
            text(pending.substring(0, shown));
            pending.delete(0, shown);
            return false;
        }
        text(pending.substring(0, open));
        pending.delete(0, open + OPEN.length());
        startCall();
        return true;
    }

    private void startCall() {
        inCall = true;
        scanned = 0;
        inString = false;
        escaped = false;
        quotedClose = UNSEEN;
    }

    /// Looks for the closing tag outside of JSON strings; whether it was found.
    private boolean scanCall() {
        for (; scanned + CLOSE.length() <= pending.length(); scanned++) {
            if (closesAt(scanned)) {
                if (!inString) {
                    endCall(scanned);
                    return true;
                }
                quotedClose = quotedClose == UNSEEN ? scanned : quotedClose;
            }
            trackString(pending.charAt(scanned));
        }
        return false;
    }

    private boolean closesAt(int at) {
        return pending.charAt(at) == '<'
                && pending.substring(at, at + CLOSE.length()).equals(CLOSE);
    }

    private void trackString(char c) {
        if (c == '"' && !escaped) {
            inString = !inString;
        }
        escaped = inString && c == '\\' && !escaped;
    }

    private void endCall(int close) {
        var body = pending.substring(0, close);
        var call = ToolCallJson.read(body);
        pending.delete(0, close + CLOSE.length());
        inCall = false;
        deliver(call.orElse(null), OPEN + body + CLOSE);
    }

    /// No closing tag will come outside of a string: the last call is complete, or it was no call and
    /// ends at the first closing tag there is.
    private void finishCall() {
        var call = ToolCallJson.read(pending.toString());
        var end = call.isPresent() || quotedClose == UNSEEN ? pending.length() : quotedClose + CLOSE.length();
        var raw = OPEN + pending.substring(0, end);
        pending.delete(0, end);
        inCall = false;
        deliver(call.orElse(null), raw);
    }

    private void deliver(@Nullable ToolUse call, String raw) {
        if (call == null) {
            text(raw);
            return;
        }
        heldSpace = "";
        afterCall = true;
        events.add(call);
    }

    /// Shows text, but keeps its white space back at the end and drops it after a call.
    private void text(String text) {
        var whole = heldSpace + text;
        var shown = afterCall ? whole.stripLeading() : whole;
        var end = shown.stripTrailing().length();
        heldSpace = shown.substring(end);
        if (end > 0) {
            afterCall = false;
            events.add(new Text(shown.substring(0, end)));
        }
    }
}
