package dev.jmlx.cli;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Settings by key, with checks. The environment wins over the `.env` file; an empty value counts as not set.
/// Every method throws [ConfigException] when the value is not allowed. Immutable.
final class Settings {
    private final Map<String, String> values;

    Settings(Map<String, String> file, Map<String, String> environment) {
        var merged = new HashMap<>(file);
        environment.forEach((key, value) -> {
            if (!value.isBlank()) {
                merged.put(key, value);
            }
        });
        this.values = Map.copyOf(merged);
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(values.get(key)).map(String::strip).filter(value -> !value.isEmpty());
    }

    int wholeNumber(String key, int fallback, int minimum, int maximum) {
        var text = text(key);
        if (text.isEmpty()) {
            return fallback;
        }
        try {
            var value = Integer.parseInt(text.get());
            if (value >= minimum && value <= maximum) {
                return value;
            }
        } catch (NumberFormatException _) {
            // Reported below, like a number out of range.
        }
        throw wrong(key, "a whole number from " + minimum + " to " + maximum);
    }

    /// A number from 0 to 1.
    Optional<Double> fraction(String key) {
        var text = text(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            var value = Double.parseDouble(text.get());
            if (value >= 0 && value <= 1) {
                return Optional.of(value);
            }
        } catch (NumberFormatException _) {
            // Reported below, like a number out of range.
        }
        throw wrong(key, "a number from 0 to 1");
    }

    boolean flag(String key) {
        return choice(key, "false", "true", "false").equals("true");
    }

    String choice(String key, String fallback, String... allowed) {
        var value = text(key).map(text -> text.toLowerCase(Locale.ROOT)).orElse(fallback);
        if (!Arrays.asList(allowed).contains(value)) {
            throw wrong(key, String.join(" or ", allowed));
        }
        return value;
    }

    ConfigException wrong(String key, String allowed) {
        return new ConfigException(key + "=" + values.get(key) + " is not allowed: it must be " + allowed);
    }
}
