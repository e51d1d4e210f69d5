package dev.jmlx.jinja;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/// A value that is not data: loops, namespaces, views, functions. Templates see its type name and attributes.
interface TemplateObject {
    String typeName();

    /// The attribute's value, or an [Undefined].
    default @Nullable Object attribute(String name) {
        return Undefined.member(this, name);
    }

    /// Something that can be called with arguments.
    @FunctionalInterface
    interface Function extends TemplateObject {
        @Nullable
        Object call(Arguments arguments);

        @Override
        default String typeName() {
            return "function";
        }
    }

    /// Something that `for` can walk.
    interface Walkable extends TemplateObject {
        Iterator<@Nullable Object> iterator();
    }

    /// A walkable that knows its length.
    interface Sized extends Walkable {
        int size();
    }
}
