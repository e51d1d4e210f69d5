package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

final class ErrorEnvelopeTest {

    @Test
    void holdsTypeMessageAndRequestId() {
        assertThat(envelope("model: Field required"))
                .isEqualTo("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
                        + "\"message\":\"model: Field required\"},\"request_id\":\"req_1\"}");
    }

    @Test
    void clipsMessagesThatQuoteALongInput() {
        assertThat(envelope("role: found '" + "x".repeat(1 << 20)))
                .hasSizeLessThan(1200)
                .contains("xxx...\"}");
    }

    private static String envelope(String message) {
        return new String(ErrorEnvelope.of(ApiException.invalid(message), "req_1"), StandardCharsets.UTF_8);
    }
}
