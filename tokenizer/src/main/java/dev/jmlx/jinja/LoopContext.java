package dev.jmlx.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The `loop` variable: walks the elements and answers for the current position. Looks ahead only
/// when asked (`last`, `nextitem`, `length`), as conditions of a filtered loop may depend on the body.
final class LoopContext implements TemplateObject.Function {
    /// Renders the loop's body over other elements, one level deeper.
    interface Recursion {
        String render(@Nullable Object iterable, int depth);
    }

    private static final Object NOTHING = new Object();

    private final int depth;
    private final @Nullable Recursion recursion;
    private Iterator<@Nullable Object> elements;
    private long knownLength;
    private long index = -1;
    private @Nullable Object previous = NOTHING;
    private @Nullable Object current = NOTHING;
    private @Nullable Object following = NOTHING;
    private @Nullable Object lastChanged = NOTHING;

    /// `knownLength` is -1 where only walking tells.
    LoopContext(Iterator<@Nullable Object> elements, long knownLength, int depth, @Nullable Recursion recursion) {
        this.elements = elements;
        this.knownLength = knownLength;
        this.depth = depth;
        this.recursion = recursion;
    }

    boolean hasNext() {
        return following != NOTHING || elements.hasNext();
    }

    @Nullable
    Object next() {
        previous = current;
        current = following != NOTHING ? following : elements.next();
        following = NOTHING;
        index++;
        return current;
    }

    private @Nullable Object peek() {
        if (following == NOTHING && elements.hasNext()) {
            following = elements.next();
        }
        return following;
    }

    long length() {
        if (knownLength < 0) {
            var rest = new ArrayList<@Nullable Object>();
            elements.forEachRemaining(rest::add);
            knownLength = index + 1 + (following == NOTHING ? 0 : 1) + rest.size();
            elements = rest.iterator();
        }
        return knownLength;
    }

    @Override
    public String typeName() {
        return "LoopContext";
    }

    @Override
    public @Nullable Object attribute(String name) {
        return switch (name) {
            case "index0" -> index;
            case "index" -> index + 1;
            case "first" -> index == 0;
            case "last" -> peek() == NOTHING;
            case "length" -> length();
            case "revindex" -> length() - index;
            case "revindex0" -> length() - index - 1;
            case "previtem" -> previous == NOTHING ? Undefined.because("there is no previous item") : previous;
            case "nextitem" -> peek() == NOTHING ? Undefined.because("there is no next item") : following;
            case "depth" -> (long) depth + 1;
            case "depth0" -> (long) depth;
            case "cycle" -> (Function) this::cycle;
            case "changed" -> (Function) this::changed;
            default -> Undefined.member(this, name);
        };
    }

    private @Nullable Object cycle(Arguments arguments) {
        var choices = arguments.positional();
        if (choices.isEmpty()) {
            throw new TemplateException("no items for cycling given");
        }
        return choices.get((int) (index % choices.size()));
    }

    private Object changed(Arguments arguments) {
        var values = List.copyOf(
                new Tuple(arguments.positional()).stream().map(String::valueOf).toList());
        var isSame = values.equals(lastChanged);
        lastChanged = values;
        return !isSame;
    }

    @Override
    public @Nullable Object call(Arguments arguments) {
        if (recursion == null) {
            throw new TemplateException("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.render(arguments.required(0, "iterable"), depth + 1);
    }
}
