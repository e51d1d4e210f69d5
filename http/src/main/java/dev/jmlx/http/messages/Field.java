package dev.jmlx.http.messages;

import dev.jmlx.http.ApiException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/// A place in a request's JSON and its path, such as `messages.1.content.0.text`: reads values and complains in the
/// API's words. JSON null counts as absent. Immutable, one thread. All methods throw [ApiException] 400.
record Field(String path, JsonNode node) {

    static Field root(JsonNode node) {
        return new Field("", node);
    }

    Field at(String name) {
        return new Field(path.isEmpty() ? name : path + "." + name, node.path(name));
    }

    boolean isAbsent() {
        return node.isMissingNode() || node.isNull();
    }

    ApiException error(String message) {
        return ApiException.invalid(path.isEmpty() ? message : path + ": " + message);
    }

    /// This place when it holds something.
    Optional<Field> present() {
        return isAbsent() ? Optional.empty() : Optional.of(this);
    }

    Field required() {
        if (isAbsent()) {
            throw error("Field required");
        }
        return this;
    }

    Field object() {
        if (!required().node.isObject()) {
            throw error("Input should be an object");
        }
        return this;
    }

    String text() {
        if (!required().node.isString()) {
            throw error("Input should be a valid string");
        }
        return node.stringValue();
    }

    /// A string that is not empty.
    String name() {
        var name = text();
        if (name.isEmpty()) {
            throw error("String should have at least 1 character");
        }
        return name;
    }

    /// One of `allowed`.
    String choice(String... allowed) {
        var value = text();
        if (!List.of(allowed).contains(value)) {
            throw error("Input should be "
                    + Stream.of(allowed).map(a -> "'" + a + "'").collect(Collectors.joining(", ")) + ", found '" + value
                    + "'");
        }
        return value;
    }

    boolean flag() {
        if (!required().node.isBoolean()) {
            throw error("Input should be a valid boolean");
        }
        return node.booleanValue();
    }

    /// A whole number of at least `minimum`; larger ones than an int can hold become the largest int.
    int wholeNumber(int minimum) {
        if (!required().node.isNumber() || !isWhole()) {
            throw error("Input should be a valid integer");
        }
        var value = number();
        if (value < minimum) {
            throw error("Input should be greater than or equal to " + minimum);
        }
        return (int) Math.min(value, Integer.MAX_VALUE);
    }

    private boolean isWhole() {
        var value = number();
        return node.isIntegralNumber() || (value == Math.rint(value) && !Double.isInfinite(value));
    }

    /// The node's own doubleValue() throws where an integer is too large for a double.
    private double number() {
        return node.isIntegralNumber() ? node.bigIntegerValue().doubleValue() : node.doubleValue();
    }

    /// A number from 0 to 1.
    double fraction() {
        if (!required().node.isNumber()) {
            throw error("Input should be a valid number");
        }
        var value = number();
        if (!(value >= 0 && value <= 1)) {
            throw error("Input should be from 0 to 1, found " + node);
        }
        return value;
    }

    /// The elements of an array.
    List<Field> elements() {
        if (!required().node.isArray()) {
            throw error("Input should be a valid list");
        }
        var elements = new ArrayList<Field>(node.size());
        for (var i = 0; i < node.size(); i++) {
            elements.add(new Field(path + "." + i, node.path(i)));
        }
        return elements;
    }
}
