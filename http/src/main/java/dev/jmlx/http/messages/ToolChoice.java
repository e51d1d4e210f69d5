package dev.jmlx.http.messages;

/// Which tools the model may call. `single`: at most one call in an answer.
sealed interface ToolChoice {
    boolean single();

    /// Any of the offered tools, or none. `any` is treated alike: nothing forces a model to call.
    record Auto(boolean single) implements ToolChoice {}

    /// No tool is shown to the model.
    record None() implements ToolChoice {
        @Override
        public boolean single() {
            return false;
        }
    }

    /// Only this tool is shown to the model.
    record Only(String name, boolean single) implements ToolChoice {}
}
