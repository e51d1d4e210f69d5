package dev.jmlx.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.util.Locale;

/// C's `strftime` in the English locale, for `strftime_now`.
final class Strftime {
    private Strftime() {}

    static String format(String pattern, Clock clock) {
        var now = ZonedDateTime.now(clock);
        var out = new StringBuilder();
        for (var i = 0; i < pattern.length(); i++) {
            var c = pattern.charAt(i);
            if (c != '%' || i + 1 == pattern.length()) {
                out.append(c);
                continue;
            }
            var unpadded = pattern.charAt(i + 1) == '-' && i + 2 < pattern.length();
            i += unpadded ? 2 : 1;
            var field = field(pattern.charAt(i), now);
            out.append(unpadded ? field.replaceFirst("^[0 ]+(?=.)", "") : field);
        }
        return out.toString();
    }

    private static String field(char code, ZonedDateTime now) {
        return switch (code) {
            case 'Y' -> "%d".formatted(now.getYear());
            case 'C' -> "%02d".formatted(now.getYear() / 100);
            case 'y' -> "%02d".formatted(now.getYear() % 100);
            case 'm' -> "%02d".formatted(now.getMonthValue());
            case 'd' -> "%02d".formatted(now.getDayOfMonth());
            case 'e' -> "%2d".formatted(now.getDayOfMonth());
            case 'H' -> "%02d".formatted(now.getHour());
            case 'I' -> "%02d".formatted(now.get(ChronoField.CLOCK_HOUR_OF_AMPM));
            case 'M' -> "%02d".formatted(now.getMinute());
            case 'S' -> "%02d".formatted(now.getSecond());
            case 'f' -> "%06d".formatted(now.getNano() / 1000);
            case 'j' -> "%03d".formatted(now.getDayOfYear());
            case 'w' -> "%d".formatted(now.getDayOfWeek().getValue() % 7);
            case 'u' -> "%d".formatted(now.getDayOfWeek().getValue());
            case 'B', 'b', 'h', 'A', 'a', 'p', 'c', 'x', 'X', 'D', 'F', 'T', 'R' -> words(code, now);
            case 's' -> "%d".formatted(now.toEpochSecond());
            // Python asks a datetime without zone, which prints both as nothing.
            case 'Z', 'z' -> "";
            case 'n' -> "\n";
            case 't' -> "\t";
            case '%' -> "%";
            default -> "%" + code;
        };
    }

    private static String words(char code, ZonedDateTime now) {
        var pattern = switch (code) {
            case 'B' -> "MMMM";
            case 'b', 'h' -> "MMM";
            case 'A' -> "EEEE";
            case 'a' -> "EEE";
            case 'p' -> "a";
            case 'c' -> "EEE MMM ppd HH:mm:ss yyyy";
            case 'x', 'D' -> "MM/dd/yy";
            case 'F' -> "yyyy-MM-dd";
            case 'R' -> "HH:mm";
            default -> "HH:mm:ss";
        };
        return DateTimeFormatter.ofPattern(pattern, Locale.US).format(now);
    }
}
