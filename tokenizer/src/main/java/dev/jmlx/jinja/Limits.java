package dev.jmlx.jinja;

/// What one rendering may use before it is stopped with a [TemplateException].
///
/// Templates come from downloaded repositories: one that loops or grows without end must not take
/// the server with it. `maxChars` bounds the output and every string or list made on the way (in
/// characters, or elements), `maxSteps` counts evaluated nodes and visited elements, `maxDepth`
/// bounds nested macro calls, nested data, and nested syntax.
public record Limits(int maxChars, long maxSteps, int maxDepth) {

    /// Far above what a million-token conversation needs.
    public static final Limits DEFAULT = new Limits(64 << 20, 200_000_000L, 150);
}
