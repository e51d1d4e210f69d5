package dev.jmlx.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A compiled Jinja template, with the environment of Hugging Face chat templates.
///
/// That is: immutable sandbox, `trim_blocks`, `lstrip_blocks`, loop controls, the `generation` tag,
/// `raise_exception`, `strftime_now`, and `tojson` as plain `json.dumps`. Immutable and safe for any
/// number of threads. The reference is Jinja2 3.1 as transformers 5 sets it up.
public final class Template {
    /// A character that no text has (Unicode's noncharacter U+FDD0) and that is printed as it is everywhere,
    /// also where Python would escape it: callers mark with it what must be found again in the result.
    public static final char MARK = '\uFDD0';

    private final List<Node> body;
    private final Set<String> namesRead;
    private final Clock clock;
    private final Limits limits;

    private Template(List<Node> body, Set<String> namesRead, Clock clock, Limits limits) {
        this.body = body;
        this.namesRead = namesRead;
        this.clock = clock;
        this.limits = limits;
    }

    /// With the system's clock and [Limits#DEFAULT].
    public static Template compile(String source) {
        return compile(source, Clock.system(ZoneId.systemDefault()), Limits.DEFAULT);
    }

    /// Fails with a [TemplateException] that names the line of a syntax error.
    public static Template compile(String source, Clock clock, Limits limits) {
        try {
            var parser = new Parser(source, limits.maxDepth());
            var body = parser.parse();
            return new Template(body, parser.namesRead(), clock, limits);
        } catch (StackOverflowError error) {
            throw new TemplateException("template stopped: its syntax is nested too deeply", error);
        }
    }

    /// Whether the template reads a variable of that name anywhere.
    public boolean reads(String variable) {
        return namesRead.contains(variable);
    }

    /// Renders with the variables of `context`: strings, numbers, booleans, null (None), lists and
    /// maps of these. Fails with a [TemplateException]; `raise_exception(text)` gives exactly its text.
    public String render(Map<String, ? extends @Nullable Object> context) {
        var rendering = new Rendering(new Budget(limits), clock);
        try {
            var globals = new Scope(null, Globals.of(rendering));
            var variables = new Scope(globals, ContextValues.convert(context));
            return new Interpreter(rendering).render(body, new Scope(variables));
        } catch (TemplateException exception) {
            throw exception;
        } catch (StackOverflowError error) {
            throw new TemplateException("template stopped: it recurses too deeply", error);
        } catch (OutOfMemoryError error) {
            // The limits bound each text and list, not how many there are.
            throw new TemplateException("template stopped: it needs more memory than there is", error);
        } catch (ArithmeticException | IllegalArgumentException | ClassCastException exception) {
            throw new TemplateException("template failed: " + exception.getMessage(), exception);
        }
    }
}
