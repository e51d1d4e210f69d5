package dev.jmlx.jinja;

import java.util.Locale;
import java.util.function.IntPredicate;

/// Letter case and character classes of Python strings.
final class StringCases {
    private StringCases() {}

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    static String fold(String text) {
        return lower(text.replace("ß", "ss").replace('ς', 'σ'));
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        var first = text.offsetByCodePoints(0, 1);
        return titleCase(text.substring(0, first)) + lower(text.substring(first));
    }

    private static String titleCase(String letter) {
        var title = Character.toString(Character.toTitleCase(letter.codePointAt(0)));
        // Letters such as sharp s have no single title case; Python then takes the first upper letter only.
        var upper = upper(letter);
        return title.equals(letter) && upper.length() > letter.length()
                ? upper.charAt(0) + lower(upper.substring(1))
                : title;
    }

    /// Python's `str.title`: a letter is large exactly when no letter stands before it.
    static String title(String text) {
        var out = new StringBuilder();
        var inWord = false;
        for (var c : text.codePoints().toArray()) {
            var letter = Character.toString(c);
            out.append(inWord ? lower(letter) : titleCase(letter));
            inWord = isCased(c);
        }
        return out.toString();
    }

    static String swap(String text) {
        var out = new StringBuilder();
        text.codePoints().forEach(c -> {
            var letter = Character.toString(c);
            out.append(Character.isUpperCase(c) ? lower(letter) : upper(letter));
        });
        return out.toString();
    }

    private static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    static boolean isNumeric(int c) {
        return switch (Character.getType(c)) {
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
            default -> false;
        };
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }
}
