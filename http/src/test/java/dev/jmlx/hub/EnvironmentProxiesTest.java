package dev.jmlx.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class EnvironmentProxiesTest {
    private static final String HUB = "https://huggingface.co/x";

    @Test
    void withoutVariablesEverythingIsDirect() {
        assertThat(proxy(Map.of(), HUB)).isEqualTo(Proxy.NO_PROXY);
    }

    @Test
    void schemesHaveProxiesOfTheirOwnAndAllIsForTheRest() {
        var settings = Map.of("HTTPS_PROXY", "http://proxy:3128", "all_proxy", "other:81");
        assertThat(proxy(settings, HUB)).isEqualTo(at("proxy", 3128));
        assertThat(proxy(settings, "http://127.0.0.1:9/x")).isEqualTo(at("other", 81));
    }

    @ParameterizedTest
    @ValueSource(strings = {"huggingface.co", "localhost, .huggingface.co", "*.co", "*", "HuggingFace.CO"})
    void exceptionsAreDirect(String exceptions) {
        assertThat(proxy(Map.of("https_proxy", "http://proxy:3128", "NO_PROXY", exceptions), HUB))
                .isEqualTo(Proxy.NO_PROXY);
    }

    @Test
    void otherNamesAreNoExceptions() {
        assertThat(proxy(Map.of("https_proxy", "http://proxy:3128", "NO_PROXY", "face.co,localhost,"), HUB))
                .isEqualTo(at("proxy", 3128));
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://me:secret@proxy:3128", "socks5://proxy:1080", "a b"})
    void whatCannotBeUsedIsNamedButNotShown(String address) {
        var proxies = EnvironmentProxies.read(
                key -> Optional.ofNullable(Map.of("HTTPS_PROXY", address).get(key)));
        proxies.requireUsable("http");
        assertThatThrownBy(() -> proxies.requireUsable("https"))
                .isInstanceOf(HubException.class)
                .hasMessageStartingWith("HTTPS_PROXY is not a proxy that can be used")
                .hasMessageNotContaining("secret");
    }

    private static Proxy proxy(Map<String, String> settings, String target) {
        return EnvironmentProxies.read(key -> Optional.ofNullable(settings.get(key)))
                .select(URI.create(target))
                .getFirst();
    }

    private static Proxy at(String host, int port) {
        return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port));
    }
}
