package dev.jmlx.jinja;

import dev.jmlx.jinja.Node.MacroBody;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;

/// A macro with the scope that it was defined in. Called, it gives what its body prints.
record Macro(MacroBody definition, Scope scope, Interpreter interpreter, Budget budget)
        implements TemplateObject.Function {
    @Override
    public String typeName() {
        return "Macro";
    }

    @Override
    public @Nullable Object attribute(String name) {
        return name.equals("name") ? definition.name() : Undefined.member(this, name);
    }

    @Override
    public @Nullable Object call(Arguments arguments) {
        var inner = new Scope(scope);
        bind(arguments, inner);
        return interpreter.render(definition.body(), inner);
    }

    private void bind(Arguments arguments, Scope inner) {
        var positional = arguments.positional();
        var parameters = definition.parameters();
        var named = new LinkedHashMap<>(arguments.named());
        inner.set(
                "caller",
                named.containsKey("caller") ? named.remove("caller") : Undefined.because("No caller defined"));
        if (positional.size() > parameters.size() && !definition.takesMore()) {
            throw new TemplateException(
                    "macro '" + definition.name() + "' takes not more than " + parameters.size() + " argument(s)");
        }
        var firstDefault = parameters.size() - definition.defaults().size();
        for (var i = 0; i < parameters.size(); i++) {
            var name = parameters.get(i);
            if (i < positional.size()) {
                inner.set(name, positional.get(i));
            } else if (named.containsKey(name)) {
                inner.set(name, named.remove(name));
            } else if (i >= firstDefault) {
                inner.set(name, interpreter.evaluate(definition.defaults().get(i - firstDefault), inner));
            } else {
                inner.set(name, Undefined.because("parameter '" + name + "' was not provided"));
            }
        }
        if (!named.isEmpty() && !definition.takesMoreNamed()) {
            throw new TemplateException("macro '" + definition.name() + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        inner.set(
                "varargs",
                new Tuple(positional.subList(Math.min(parameters.size(), positional.size()), positional.size())));
        inner.set("kwargs", named);
    }
}
