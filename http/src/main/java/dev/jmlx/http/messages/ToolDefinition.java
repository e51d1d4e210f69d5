package dev.jmlx.http.messages;

import dev.jmlx.chat.ToolSpec;

/// A tool of a request. `deferred`: not to be shown to the model until a `tool_reference` names it.
record ToolDefinition(ToolSpec spec, boolean deferred) {}
