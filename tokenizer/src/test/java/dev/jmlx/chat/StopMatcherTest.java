package dev.jmlx.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jmlx.chat.StopMatcher.Result;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class StopMatcherTest {
    @Test
    void findsAStopThatSpansTwoPushes() {
        var matcher = new StopMatcher(List.of("STOP"));
        assertThat(matcher.push("one ST")).isEqualTo(new Result("one ", null));
        assertThat(matcher.push("OP two")).isEqualTo(new Result("", "STOP"));
        assertThat(matcher.push("three")).isEqualTo(new Result("", "STOP"));
    }

    @Test
    void showsHeldTextOnceItCannotBecomeAStop() {
        var matcher = new StopMatcher(List.of("STOP"));
        matcher.push("ST");
        assertThat(matcher.push("AY")).isEqualTo(new Result("STAY", null));
    }

    @Test
    void givesHeldTextAtTheEnd() {
        var matcher = new StopMatcher(List.of("\n\n"));
        assertThat(matcher.push("a\n")).isEqualTo(new Result("a", null));
        assertThat(matcher.finish()).isEqualTo(new Result("\n", null));
    }

    @Test
    void theStopThatEndsFirstWins() {
        assertThat(new StopMatcher(List.of("abcd", "bc")).push("xabcd")).isEqualTo(new Result("xa", "bc"));
    }

    @Test
    void ofStopsWithOneEndTheLongestWins() {
        assertThat(new StopMatcher(List.of("c", "abc")).push("xabc")).isEqualTo(new Result("x", "abc"));
    }

    @Test
    void passesEverythingOnWithoutStops() {
        assertThat(new StopMatcher(List.of("")).push("text")).isEqualTo(new Result("text", null));
    }

    @Property
    void agreesWithASearchInTheWholeText(
            @ForAll @Size(max = 12) List<@CharRange(from = 'a', to = 'c') @StringLength(max = 5) String> pieces,
            @ForAll @Size(max = 3)
                    List<@CharRange(from = 'a', to = 'c') @StringLength(min = 1, max = 4) String> stops) {
        var whole = String.join("", pieces);
        var end = Integer.MAX_VALUE;
        var start = whole.length();
        for (var stop : stops) {
            var at = whole.indexOf(stop);
            if (at >= 0 && (at + stop.length() < end || (at + stop.length() == end && at < start))) {
                end = at + stop.length();
                start = at;
            }
        }
        var matcher = new StopMatcher(stops);
        var shown = new StringBuilder();
        pieces.forEach(piece -> shown.append(matcher.push(piece).text()));
        var last = matcher.finish();
        assertThat(shown + last.text()).isEqualTo(whole.substring(0, start));
        assertThat(last.matchedStop()).isEqualTo(end == Integer.MAX_VALUE ? null : whole.substring(start, end));
    }

    @Property
    void holdsBackNothingButTheStartOfAStop(
            @ForAll @CharRange(from = 'a', to = 'c') @StringLength(max = 12) String text) {
        var stop = "abcab";
        var matcher = new StopMatcher(List.of(stop));
        var shown = matcher.push(text);
        if (shown.matchedStop() == null) {
            var held = text.substring(shown.text().length());
            assertThat(stop).startsWith(held).isNotEqualTo(held);
        }
    }
}
