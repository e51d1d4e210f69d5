package dev.jmlx.jinja;

/// A template that cannot be read, or that failed while it was rendered.
///
/// The message says what was wrong in the words of the reference implementation where it has some;
/// a template's own `raise_exception(text)` gives exactly that text.
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TemplateException(String message) {
        super(message);
    }

    public TemplateException(String message, Throwable cause) {
        super(message, cause);
    }
}
