package dev.jmlx.chat;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Finds stop sequences in text that arrives in pieces.
///
/// The stop that ends first wins; of those that end at the same character, the longest. Text is held
/// back only as far as it could still become a stop: the longest suffix that is a proper prefix of
/// one. One per generation, one thread. After a match everything else is dropped.
public final class StopMatcher {
    private final List<String> stops;
    private String held = "";
    private @Nullable String matched;

    /// Text that may be shown; `matchedStop` is the stop that ended the answer, which is never part of any text.
    public record Result(String text, @Nullable String matchedStop) {}

    /// Empty strings among `stops` are ignored.
    public StopMatcher(List<String> stops) {
        this.stops = stops.stream().filter(stop -> !stop.isEmpty()).toList();
    }

    public Result push(String text) {
        if (matched != null) {
            return new Result("", matched);
        }
        var buffer = held + text;
        var end = Integer.MAX_VALUE;
        for (var stop : stops) {
            var at = buffer.indexOf(stop);
            if (at >= 0 && (at + stop.length() < end || (at + stop.length() == end && isLonger(stop)))) {
                end = at + stop.length();
                matched = stop;
            }
        }
        if (matched != null) {
            held = "";
            return new Result(buffer.substring(0, end - matched.length()), matched);
        }
        var shown = buffer.length() - heldLength(buffer, stops);
        held = buffer.substring(shown);
        return new Result(buffer.substring(0, shown), null);
    }

    private boolean isLonger(String stop) {
        return matched == null || stop.length() > matched.length();
    }

    /// What is still held back, which can no longer become a stop; called once at the end.
    public Result finish() {
        var rest = held;
        held = "";
        return new Result(rest, matched);
    }

    /// The length of the longest suffix of `text` that is a proper prefix of one of `markers`.
    static int heldLength(String text, List<String> markers) {
        var longest = 0;
        for (var marker : markers) {
            var length = Math.min(marker.length() - 1, text.length());
            while (length > longest && !text.regionMatches(text.length() - length, marker, 0, length)) {
                length--;
            }
            longest = Math.max(longest, length);
        }
        return longest;
    }
}
