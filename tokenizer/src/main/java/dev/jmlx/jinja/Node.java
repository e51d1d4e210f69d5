package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.FilterCall;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A statement or a piece of output. Immutable; made by [Parser], executed by [Interpreter].
sealed interface Node {
    /// A node after which execution always goes on with the next one.
    sealed interface Plain extends Node {}

    record Text(String text) implements Plain {}

    record Print(Expression value) implements Plain {}

    record If(List<Branch> branches, List<Node> otherwise) implements Node {}

    record Branch(Expression condition, List<Node> body) {}

    record For(
            Target target,
            Expression iterable,
            @Nullable Expression condition,
            boolean recursive,
            List<Node> body,
            List<Node> otherwise)
            implements Node {}

    record Assign(Target target, Expression value) implements Plain {}

    record AssignBlock(Target target, List<FilterCall> filters, List<Node> body) implements Plain {}

    record FilterBlock(List<FilterCall> filters, List<Node> body) implements Plain {}

    record DefineMacro(String name, MacroBody macro) implements Plain {}

    record CallBlock(Expression.Call call, MacroBody caller) implements Plain {}

    record With(List<Target> targets, List<Expression> values, List<Node> body) implements Node {}

    /// `{% generation %}`: marks the assistant's own text for training; renders its body.
    record Generation(List<Node> body) implements Plain {}

    record Break() implements Node {}

    record Continue() implements Node {}

    /// Parameters and body of a macro. `defaults` belong to the last parameters.
    record MacroBody(
            String name,
            List<String> parameters,
            List<Expression> defaults,
            boolean takesMore,
            boolean takesMoreNamed,
            List<Node> body) {}

    /// What can stand left of `=` or after `for`.
    sealed interface Target {}

    record NameTarget(String name) implements Target {}

    record TupleTarget(List<Target> targets) implements Target {}

    record AttributeTarget(String name, String attribute) implements Target {}
}
