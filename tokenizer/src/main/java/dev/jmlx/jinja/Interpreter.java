package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.FilterCall;
import dev.jmlx.jinja.Node.MacroBody;
import dev.jmlx.jinja.Node.Target;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/// Executes [Node]s: output, assignments, branches, loops, macros. One per rendering, one thread.
final class Interpreter {
    private enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    private final Rendering rendering;
    private final Budget budget;
    private final Evaluator evaluator;

    Interpreter(Rendering rendering) {
        this.rendering = rendering;
        this.budget = rendering.budget();
        this.evaluator = new Evaluator(rendering);
    }

    /// What `body` prints.
    String render(List<Node> body, Scope scope) {
        var out = new StringBuilder();
        execute(body, scope, out);
        return out.toString();
    }

    private Flow execute(List<Node> body, Scope scope, StringBuilder out) {
        for (var node : body) {
            var flow = execute(node, scope, out);
            if (flow != Flow.NORMAL) {
                return flow;
            }
        }
        return Flow.NORMAL;
    }

    private Flow execute(Node node, Scope scope, StringBuilder out) {
        budget.step();
        return switch (node) {
            case Node.If branches -> branch(branches, scope, out);
            case Node.For loop -> loop(loop, evaluator.evaluate(loop.iterable(), scope), 0, scope, out);
            case Node.With(var targets, var values, var body) -> with(targets, values, body, scope, out);
            case Node.Break _ -> Flow.BREAK;
            case Node.Continue _ -> Flow.CONTINUE;
            case Node.Plain plain -> {
                run(plain, scope, out);
                yield Flow.NORMAL;
            }
        };
    }

    private void run(Node.Plain node, Scope scope, StringBuilder out) {
        switch (node) {
            case Node.Text(var text) -> budget.append(out, text);
            case Node.Print(var value) -> budget.append(out, rendering.str(evaluator.evaluate(value, scope)));
            case Node.Assign(var target, var value) -> assign(target, evaluator.evaluate(value, scope), scope);
            case Node.AssignBlock(var target, var filters, var body) ->
                assign(target, filtered(filters, body, scope), scope);
            case Node.FilterBlock(var filters, var body) ->
                budget.append(out, rendering.str(filtered(filters, body, scope)));
            case Node.DefineMacro(var name, var macro) -> scope.set(name, macro(macro, scope));
            case Node.CallBlock(var call, var caller) -> callBlock(call, caller, scope, out);
            case Node.Generation(var body) -> budget.append(out, render(body, new Scope(scope)));
        }
    }

    private void assign(Target target, @Nullable Object value, Scope scope) {
        switch (target) {
            case Node.NameTarget(var name) -> scope.set(name, value);
            case Node.TupleTarget(var targets) -> unpack(targets, value, scope);
            case Node.AttributeTarget(var name, var attribute) -> {
                if (!(scope.lookup(name) instanceof Namespace namespace)) {
                    throw new TemplateException("cannot assign attribute on non-namespace object");
                }
                namespace.set(attribute, value);
            }
        }
    }

    private void unpack(List<Target> targets, @Nullable Object value, Scope scope) {
        var values = Python.list(value, budget);
        if (values.size() != targets.size()) {
            throw new TemplateException(
                    "cannot unpack " + values.size() + " values into " + targets.size() + " variables");
        }
        for (var i = 0; i < targets.size(); i++) {
            assign(targets.get(i), values.get(i), scope);
        }
    }

    private @Nullable Object filtered(List<FilterCall> filters, List<Node> body, Scope scope) {
        @Nullable Object value = render(body, new Scope(scope));
        for (var filter : filters) {
            value = evaluator.filter(filter, value, scope);
        }
        return value;
    }

    private void callBlock(Expression.Call call, MacroBody caller, Scope scope, StringBuilder out) {
        var target = evaluator.evaluate(call.target(), scope);
        var arguments = evaluator.arguments(call.arguments(), scope);
        var named = new LinkedHashMap<>(arguments.named());
        named.put("caller", macro(caller, scope));
        var result = evaluator.call(target, new Arguments(arguments.positional(), named));
        budget.append(out, rendering.str(result));
    }

    private Flow with(List<Target> targets, List<Expression> values, List<Node> body, Scope scope, StringBuilder out) {
        var inner = new Scope(scope);
        for (var i = 0; i < targets.size(); i++) {
            assign(targets.get(i), evaluator.evaluate(values.get(i), scope), inner);
        }
        return execute(body, inner, out);
    }

    private Flow branch(Node.If node, Scope scope, StringBuilder out) {
        for (var branch : node.branches()) {
            if (evaluator.isTrue(branch.condition(), scope)) {
                return execute(branch.body(), scope, out);
            }
        }
        return execute(node.otherwise(), scope, out);
    }

    private Flow loop(Node.For node, @Nullable Object iterable, int depth, Scope scope, StringBuilder out) {
        var loop = loopContext(node, iterable, depth, scope);
        var isEmpty = true;
        while (loop.hasNext()) {
            isEmpty = false;
            budget.step();
            var inner = new Scope(scope);
            assign(node.target(), loop.next(), inner);
            inner.set("loop", loop);
            if (execute(node.body(), inner, out) == Flow.BREAK) {
                break;
            }
        }
        return isEmpty ? execute(node.otherwise(), new Scope(scope), out) : Flow.NORMAL;
    }

    private LoopContext loopContext(Node.For node, @Nullable Object iterable, int depth, Scope scope) {
        LoopContext.@Nullable Recursion recursion = node.recursive()
                ? (inner, level) -> {
                    var out = new StringBuilder();
                    loop(node, inner, level, scope, out);
                    return out.toString();
                }
                : null;
        var elements = Python.iterator(iterable);
        return node.condition() == null
                ? new LoopContext(elements, Python.hasLength(iterable) ? Python.length(iterable) : -1, depth, recursion)
                : new LoopContext(new Filtered(elements, node, node.condition(), scope), -1, depth, recursion);
    }

    private Macro macro(MacroBody body, Scope scope) {
        return new Macro(body, scope, this, budget);
    }

    /// Evaluates a default value of a macro's parameter.
    @Nullable
    Object evaluate(Expression expression, Scope scope) {
        return evaluator.evaluate(expression, scope);
    }

    /// The elements for which the loop's `if` holds, found one at a time.
    private final class Filtered implements Iterator<@Nullable Object> {
        private final Iterator<@Nullable Object> elements;
        private final Node.For node;
        private final Expression condition;
        private final Scope scope;
        private boolean isReady;
        private @Nullable Object ready;

        Filtered(Iterator<@Nullable Object> elements, Node.For node, Expression condition, Scope scope) {
            this.elements = elements;
            this.node = node;
            this.condition = condition;
            this.scope = scope;
        }

        @Override
        public boolean hasNext() {
            while (!isReady && elements.hasNext()) {
                budget.step();
                ready = elements.next();
                var inner = new Scope(scope);
                assign(node.target(), ready, inner);
                isReady = evaluator.isTrue(condition, inner);
            }
            return isReady;
        }

        @Override
        public @Nullable Object next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            isReady = false;
            return ready;
        }
    }
}
