package dev.jmlx.jinja;

import dev.jmlx.jinja.Expression.FilterCall;
import dev.jmlx.jinja.Node.MacroBody;
import dev.jmlx.jinja.Node.Target;
import dev.jmlx.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads statements: source text to [Node]s. Used once per template.
final class Parser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final TargetParser targets;
    private final int maxDepth;
    private int depth;
    private int loops;

    Parser(String source, int maxDepth) {
        this.tokens = new TokenStream(Lexer.normalize(source));
        this.expressions = new ExpressionParser(tokens, maxDepth);
        this.targets = new TargetParser(tokens, expressions);
        this.maxDepth = maxDepth;
    }

    List<Node> parse() {
        var body = new ArrayList<Node>();
        while (!tokens.at(Kind.END)) {
            body.add(node());
        }
        return List.copyOf(body);
    }

    /// Every variable name that the parsed template reads.
    Set<String> namesRead() {
        return Set.copyOf(expressions.namesRead());
    }

    private Node node() {
        if (tokens.at(Kind.DATA)) {
            return new Node.Text(tokens.take().text());
        }
        if (tokens.at(Kind.VARIABLE_BEGIN)) {
            tokens.take();
            var value = expressions.parseTuple(false, true);
            tokens.expect(Kind.VARIABLE_END, "end of print statement");
            return new Node.Print(value);
        }
        tokens.expect(Kind.BLOCK_BEGIN, "a tag");
        return statement();
    }

    private Node statement() {
        var tag = tokens.expect(Kind.NAME, "a tag name").text();
        return switch (tag) {
            case "if" -> conditional();
            case "for" -> loop();
            case "set" -> assignment();
            case "macro" -> macro();
            case "call" -> callBlock();
            case "filter" -> filterBlock();
            case "with" -> with();
            case "generation" -> generation();
            case "break" -> loopControl(tag, new Node.Break());
            case "continue" -> loopControl(tag, new Node.Continue());
            default -> throw tokens.error("Encountered unknown tag '" + tag + "'.");
        };
    }

    private void endBlock() {
        tokens.expect(Kind.BLOCK_END, "end of statement block");
    }

    /// Nodes up to one of the tags `ends`, whose name is left as the current token.
    private List<Node> body(String opener, String... ends) {
        endBlock();
        if (++depth > maxDepth) {
            throw tokens.error("nested deeper than " + maxDepth + " levels");
        }
        var body = new ArrayList<Node>();
        while (!(tokens.at(Kind.BLOCK_BEGIN)
                && Set.of(ends).contains(tokens.following().text()))) {
            if (tokens.at(Kind.END)) {
                throw tokens.error(
                        "Unexpected end of template. '" + ends[ends.length - 1] + "' for '" + opener + "' is missing.");
            }
            body.add(node());
        }
        tokens.take();
        depth--;
        return List.copyOf(body);
    }

    private List<Node> closedBody(String opener) {
        var result = body(opener, "end" + opener);
        tokens.take();
        if (opener.equals("macro") && tokens.at(Kind.NAME)) {
            tokens.take();
        }
        endBlock();
        return result;
    }

    private Node conditional() {
        var branches = new ArrayList<Node.Branch>();
        List<Node> otherwise = List.of();
        String tag;
        do {
            var condition = expressions.parseTuple(false, true);
            branches.add(new Node.Branch(condition, body("if", "elif", "else", "endif")));
            tag = tokens.take().text();
        } while (tag.equals("elif"));
        if (tag.equals("else")) {
            otherwise = body("if", "endif");
            tokens.take();
        }
        endBlock();
        return new Node.If(List.copyOf(branches), otherwise);
    }

    private Node loop() {
        var target = targets.forTarget();
        if (!tokens.skipName("in")) {
            throw tokens.error("expected 'in', got '" + tokens.current().description() + "'");
        }
        var iterable = expressions.parseTuple(false, false);
        @Nullable Expression condition = tokens.skipName("if") ? expressions.parse() : null;
        var recursive = tokens.skipName("recursive");
        loops++;
        var body = body("for", "else", "endfor");
        loops--;
        List<Node> otherwise = List.of();
        if (tokens.take().isName("else")) {
            otherwise = body("for", "endfor");
            tokens.take();
        }
        endBlock();
        return new Node.For(target, iterable, condition, recursive, body, otherwise);
    }

    private Node loopControl(String tag, Node node) {
        if (loops == 0) {
            throw tokens.error("'" + tag + "' outside of a loop");
        }
        endBlock();
        return node;
    }

    private Node assignment() {
        var target = targets.assignmentTarget();
        if (tokens.skipOperator("=")) {
            var value = expressions.parseTuple(false, true);
            endBlock();
            return new Node.Assign(target, value);
        }
        var filters = filterCalls();
        return new Node.AssignBlock(target, filters, closedBody("set"));
    }

    private List<FilterCall> filterCalls() {
        var filters = new ArrayList<FilterCall>();
        while (tokens.skipOperator("|")) {
            filters.add(targets.filterCall());
        }
        return List.copyOf(filters);
    }

    private Node macro() {
        var name = tokens.expect(Kind.NAME, "a macro name").text();
        return new Node.DefineMacro(name, macroBody(name, "macro"));
    }

    private Node callBlock() {
        var signature = tokens.atOperator("(") ? targets.signature() : TargetParser.Signature.EMPTY;
        if (!(expressions.parse() instanceof Expression.Call call)) {
            throw tokens.error("expected call");
        }
        return new Node.CallBlock(call, macroBody("caller", signature, "call"));
    }

    private MacroBody macroBody(String name, String opener) {
        return macroBody(name, targets.signature(), opener);
    }

    private MacroBody macroBody(String name, TargetParser.Signature signature, String opener) {
        var before = Set.copyOf(expressions.namesRead());
        expressions.namesRead().clear();
        var enclosingLoops = loops;
        loops = 0;
        var body = closedBody(opener);
        loops = enclosingLoops;
        var takesMore = expressions.namesRead().contains("varargs");
        var takesMoreNamed = expressions.namesRead().contains("kwargs");
        expressions.namesRead().addAll(before);
        return new MacroBody(name, signature.parameters(), signature.defaults(), takesMore, takesMoreNamed, body);
    }

    private Node filterBlock() {
        var filters = new ArrayList<>(List.of(targets.filterCall()));
        filters.addAll(filterCalls());
        return new Node.FilterBlock(filters, closedBody("filter"));
    }

    private Node with() {
        var names = new ArrayList<Target>();
        var values = new ArrayList<Expression>();
        while (!tokens.at(Kind.BLOCK_END)) {
            if (!names.isEmpty()) {
                tokens.expectOperator(",");
            }
            names.add(targets.assignmentTarget());
            tokens.expectOperator("=");
            values.add(expressions.parse());
        }
        return new Node.With(names, values, closedBody("with"));
    }

    private Node generation() {
        var enclosingLoops = loops;
        loops = 0;
        var body = closedBody("generation");
        loops = enclosingLoops;
        return new Node.Generation(body);
    }
}
