package dev.jmlx.chat;

/// What a chat template can render, as [TemplateProbe] found out. [MessageFolding] rewrites what it
/// cannot.
///
/// `nativeTools`: tools, calls and results; `leadingSystem`: a system message at the start;
/// `systemAnywhere`: one between other messages, in its place; `repeatedRoles`: two messages of one
/// role in a row; `userAfterResult`: a user message straight after a tool result; `parallelCalls`:
/// several calls in one message; `anyCallId`: ids that are not nine letters and digits.
record TemplateTraits(
        boolean nativeTools,
        boolean leadingSystem,
        boolean systemAnywhere,
        boolean repeatedRoles,
        boolean userAfterResult,
        boolean parallelCalls,
        boolean anyCallId) {}
