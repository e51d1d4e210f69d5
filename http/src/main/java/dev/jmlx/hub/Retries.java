package dev.jmlx.hub;

import java.io.IOException;
import java.net.http.HttpHeaders;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// How often and after which pauses a request is made again: `first`, twice that, and so on up to 30 s, each up to
/// half longer by chance; longer when the hub says so. Immutable.
///
/// `most`: requests again, since something has come.
record Retries(int most, Duration first) {
    private static final Duration LONGEST = Duration.ofSeconds(30);

    /// What the hub may ask for; more is an answer that it will not serve.
    private static final Duration LONGEST_ASKED = Duration.ofMinutes(5);

    private static final Pattern RATE_LIMIT = Pattern.compile(";\\s*r=0\\b.*;\\s*t=(\\d{1,6})");

    static Retries defaults() {
        return new Retries(7, Duration.ofMillis(500));
    }

    /// A request that may fail.
    interface Request<T> {
        T send() throws IOException;
    }

    /// `request`'s answer; throws [HubException] that begins with `problem` when it fails for good. `failure` hears
    /// why it is made again.
    <T> T call(String problem, Request<T> request, Consumer<String> failure) {
        for (var failed = 0; ; failed++) {
            try {
                return request.send();
            } catch (IOException problemNow) {
                pauseOrGiveUp(problem, failed, problemNow, failure);
            }
        }
    }

    /// Tells `failure` the cause and waits before request number `failed + 1`, or throws [HubException].
    void pauseOrGiveUp(String problem, int failed, IOException cause, Consumer<String> failure) {
        var asked = cause instanceof RefusedException refused ? refused.pause() : Duration.ZERO;
        if (failed >= most || asked.compareTo(LONGEST_ASKED) > 0) {
            var later = asked.isZero() ? "" : "; try again in " + asked.toSeconds() + " s";
            throw new HubException(problem + ": " + cause.getMessage() + later, cause);
        }
        failure.accept(String.valueOf(cause.getMessage()));
        try {
            Thread.sleep(longer(asked, pause(failed)));
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
            throw new HubException(problem + ": interrupted");
        }
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    private Duration pause(int failed) {
        var pause = first.multipliedBy(1L << Math.min(failed, 20));
        var most = pause.compareTo(LONGEST) > 0 ? LONGEST : pause;
        return most.plusMillis(ThreadLocalRandom.current().nextLong(most.toMillis() / 2 + 1));
    }

    /// What `Retry-After` asks for, in seconds or as a date, or the hub's own `RateLimit` with the seconds until it
    /// counts anew; zero without either.
    static Duration pause(HttpHeaders headers) {
        var text = headers.firstValue("retry-after").orElse("").strip();
        if (text.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(text));
        }
        var limit = RATE_LIMIT.matcher(headers.firstValue("ratelimit").orElse(""));
        if (text.isEmpty() && limit.find()) {
            return Duration.ofSeconds(Long.parseLong(limit.group(1)));
        }
        try {
            var date = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
            var pause = Duration.between(ZonedDateTime.now(date.getZone()), date);
            return pause.isNegative() ? Duration.ZERO : pause;
        } catch (DateTimeParseException _) {
            return Duration.ZERO;
        }
    }
}
