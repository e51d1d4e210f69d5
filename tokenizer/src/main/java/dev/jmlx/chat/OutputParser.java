package dev.jmlx.chat;

import java.util.List;

/// Splits generated text into visible text and tool calls while it streams.
///
/// Holds back the shortest ambiguous suffix and nothing else. One per generation, one thread. What
/// looks like a call but cannot be read is delivered as text, unchanged: nothing that the model
/// said is lost.
public interface OutputParser {

    List<OutputEvent> push(String text);

    /// What is still held back; called once at the end.
    List<OutputEvent> finish();
}
