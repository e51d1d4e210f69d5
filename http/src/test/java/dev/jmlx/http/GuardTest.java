package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GuardTest {
    private final Guard open = new Guard(null, "127.0.0.1");
    private final Guard locked = new Guard("secret", "0.0.0.0");

    @ParameterizedTest
    @ValueSource(strings = {"localhost:8888", "127.0.0.1", "[::1]:8888", "LOCALHOST", "192.168.1.5:80", "my.localhost"})
    void ownNamesAndAddressesPass(String host) {
        assertThatCode(() -> open.checkBrowser(request(Map.of("host", host)))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "host, evil.example",
        "host, localhost.evil.example:8888",
        "host, 127.0.0.1.evil.example",
        "origin, https://evil.example",
        "origin, null",
        "origin, http://localhost.evil.example",
        "origin, http://192.168.1.5"
    })
    void foreignWebPagesAreRefused(String header, String value) {
        assertThatThrownBy(() -> open.checkBrowser(request(Map.of(header, value))))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.type()).isEqualTo(ErrorType.PERMISSION));
        assertThatCode(() -> locked.checkBrowser(request(Map.of(header, value))))
                .doesNotThrowAnyException();
    }

    @Test
    void localWebPagesPass() {
        assertThatCode(() -> open.checkBrowser(request(Map.of("origin", "http://localhost:3000"))))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({"x-api-key, secret", "authorization, Bearer secret", "authorization, bearer secret"})
    void theKeyIsTakenFromEitherHeader(String header, String value) {
        assertThatCode(() -> locked.checkKey(request(Map.of(header, value)))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({"x-api-key, secre", "x-api-key, secret2", "authorization, secret", "authorization, Basic secret", "a, b"
    })
    void aWrongOrMissingKeyIsRefused(String header, String value) {
        assertThatThrownBy(() -> locked.checkKey(request(Map.of(header, value))))
                .isInstanceOfSatisfying(ApiException.class, error -> {
                    assertThat(error.type().status()).isEqualTo(401);
                    assertThat(error.headers()).containsEntry("x-should-retry", "false");
                });
    }

    private static Request request(Map<String, String> headers) {
        return new Request("GET", List.of(), Map.of(), headers, new byte[0]);
    }
}
