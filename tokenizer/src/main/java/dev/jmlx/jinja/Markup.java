package dev.jmlx.jinja;

/// A string that counts as safe HTML (`|safe`, `|e`): adding plain text to it escapes that text.
record Markup(String text) {
    static Markup escape(String text) {
        return new Markup(Text.escapeHtml(text));
    }
}
