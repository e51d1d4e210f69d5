package dev.jmlx.jinja;

import org.jspecify.annotations.Nullable;

/// What a missing variable, attribute or item evaluates to: prints as nothing, is false, iterates as
/// empty, and fails as soon as anything else is done with it.
final class Undefined {
    private enum Kind {
        VARIABLE,
        MEMBER,
        UNSAFE,
        OTHER
    }

    private final Kind kind;
    private final @Nullable Object owner;
    private final @Nullable Object name;

    private Undefined(Kind kind, @Nullable Object owner, @Nullable Object name) {
        this.kind = kind;
        this.owner = owner;
        this.name = name;
    }

    static Undefined variable(String name) {
        return new Undefined(Kind.VARIABLE, null, name);
    }

    static Undefined member(@Nullable Object owner, @Nullable Object name) {
        return new Undefined(Kind.MEMBER, owner, name);
    }

    /// An attribute that the sandbox hides, such as `list.append`.
    static Undefined unsafe(@Nullable Object owner, String name) {
        return new Undefined(Kind.UNSAFE, owner, name);
    }

    static Undefined because(String problem) {
        return new Undefined(Kind.OTHER, null, problem);
    }

    /// What to throw when it is used.
    TemplateException used() {
        return new TemplateException(
                switch (kind) {
                    case VARIABLE -> "'" + name + "' is undefined";
                    case MEMBER ->
                        ownerName()
                                + (name instanceof String
                                        ? " has no attribute '" + name + "'"
                                        : " has no element " + name);
                    case UNSAFE ->
                        "access to attribute '" + name + "' of '" + Python.typeName(owner) + "' object is unsafe.";
                    case OTHER -> String.valueOf(name);
                });
    }

    private String ownerName() {
        var type = owner == null ? "None" : Python.typeName(owner) + " object";
        return name instanceof String ? "'" + type + "'" : type;
    }
}
