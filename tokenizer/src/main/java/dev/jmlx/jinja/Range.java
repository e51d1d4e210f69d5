package dev.jmlx.jinja;

import java.util.Iterator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// `range(start, stop, step)`, at most [#MAX_LENGTH] long, as in the reference sandbox.
record Range(long start, long stop, long step) implements TemplateObject.Sized {
    static final int MAX_LENGTH = 100_000;

    Range {
        if (step == 0) {
            throw new TemplateException("range() arg 3 must not be zero");
        }
        if (length(start, stop, step) > MAX_LENGTH) {
            throw new TemplateException(
                    "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX_LENGTH + ").");
        }
    }

    private static long length(long start, long stop, long step) {
        var distance = step > 0 ? Math.subtractExact(stop, start) : Math.subtractExact(start, stop);
        return distance <= 0 ? 0 : (distance - 1) / Math.abs(step) + 1;
    }

    @Override
    public String typeName() {
        return "range";
    }

    @Override
    public int size() {
        return (int) length(start, stop, step);
    }

    long at(int index) {
        return start + index * step;
    }

    @Override
    public Iterator<@Nullable Object> iterator() {
        return IntStream.range(0, size()).<@Nullable Object>mapToObj(this::at).iterator();
    }

    @Override
    public String toString() {
        return "range(" + start + ", " + stop + (step == 1 ? ")" : ", " + step + ")");
    }
}
