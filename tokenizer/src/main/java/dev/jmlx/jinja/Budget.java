package dev.jmlx.jinja;

/// What is left of the [Limits] of one rendering. One thread.
final class Budget {
    private final Limits limits;
    private long steps;
    private int depth;

    Budget(Limits limits) {
        this.limits = limits;
    }

    void step() {
        spend(1);
    }

    void spend(long count) {
        steps += count;
        if (steps > limits.maxSteps()) {
            throw new TemplateException("template stopped: more than " + limits.maxSteps() + " steps");
        }
    }

    /// Asked before a string or list of that size is made.
    void checkSize(long size) {
        if (size > limits.maxChars()) {
            throw new TemplateException("template stopped: a text or list of " + size
                    + " elements is over the limit of " + limits.maxChars());
        }
    }

    void enter() {
        if (++depth > limits.maxDepth()) {
            throw new TemplateException("template stopped: nested deeper than " + limits.maxDepth() + " levels");
        }
    }

    void leave() {
        depth--;
    }

    void append(StringBuilder out, String text) {
        checkSize((long) out.length() + text.length());
        out.append(text);
    }
}
