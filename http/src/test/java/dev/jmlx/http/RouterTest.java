package dev.jmlx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RouterTest {
    private static final Handler NOTHING = (_, _) -> {};
    private final Router router = new Router(List.of(
            Route.of("POST", "/v1/messages", NOTHING),
            Route.of("GET", "/v1/models/{id}", NOTHING),
            Route.open("GET", "/", NOTHING)));

    @ParameterizedTest
    @ValueSource(
            strings = {"/v1/messages", "/v1/messages?beta=true", "//v1/messages", "/v1/messages/", "/v1/%6Dessages"})
    void findsARouteHoweverItsPathIsWritten(String target) {
        assertThat(router.find(request("POST", target)).route().pattern()).containsExactly("v1", "messages");
    }

    @Test
    void readsParametersDecoded() {
        assertThat(router.find(request("GET", "/v1/models/org%2Fname+1")).parameters())
                .isEqualTo(Map.of("id", "org/name+1"));
        assertThat(router.find(request("GET", "/")).route().open()).isTrue();
    }

    @Test
    void anUnknownPathIsNotFound() {
        assertThatThrownBy(() -> router.find(request("GET", "/v1/other")))
                .isInstanceOfSatisfying(
                        ApiException.class, error -> assertThat(error.type()).isEqualTo(ErrorType.NOT_FOUND));
    }

    @Test
    void aWrongMethodNamesTheRightOnes() {
        assertThatThrownBy(() -> router.find(request("GET", "/v1/messages")))
                .isInstanceOfSatisfying(ApiException.class, error -> {
                    assertThat(error.type().status()).isEqualTo(405);
                    assertThat(error.headers()).containsEntry("allow", "HEAD, OPTIONS, POST");
                });
    }

    @Test
    void readsQueries() {
        var request = request("GET", "/v1/models?limit=5&after_id=a%26b&flag&limit=7");

        assertThat(request.query()).isEqualTo(Map.of("limit", "5", "after_id", "a&b", "flag", ""));
        assertThatThrownBy(() -> request("GET", "/%zz")).isInstanceOf(ApiException.class);
    }

    private static Request request(String method, String target) {
        return Request.of(method, target, Map.of(), new byte[0]);
    }
}
