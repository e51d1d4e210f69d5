package dev.jmlx.jinja;

import dev.jmlx.jinja.Node.MacroBody;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        var count = definition.parameters().size();
        var named = new LinkedHashMap<>(arguments.named());
        var caller = named.containsKey("caller") ? named.remove("caller") : Undefined.because("No caller defined");
        if (positional.size() > count && !definition.takesMore()) {
            throw new TemplateException(
                    "macro '" + definition.name() + "' takes not more than " + count + " argument(s)");
        }
        inner.set("caller", caller);
        for (var i = 0; i < count; i++) {
            bindParameter(i, positional, named, inner);
        }
        if (!named.isEmpty() && !definition.takesMoreNamed()) {
            var unknown = named.keySet().iterator().next();
            throw new TemplateException(
                    "macro '" + definition.name() + "' takes no keyword argument '" + unknown + "'");
        }
        inner.set("varargs", new Tuple(positional.subList(Math.min(count, positional.size()), positional.size())));
        inner.set("kwargs", named);
    }

    private void bindParameter(
            int index, List<@Nullable Object> positional, Map<String, @Nullable Object> named, Scope inner) {
        var name = definition.parameters().get(index);
        var defaultIndex =
                index - definition.parameters().size() + definition.defaults().size();
        if (index < positional.size()) {
            inner.set(name, positional.get(index));
        } else if (named.containsKey(name)) {
            inner.set(name, named.remove(name));
        } else if (defaultIndex >= 0) {
            inner.set(name, interpreter.evaluate(definition.defaults().get(defaultIndex), inner));
        } else {
            inner.set(name, Undefined.because("parameter '" + name + "' was not provided"));
        }
    }
}
