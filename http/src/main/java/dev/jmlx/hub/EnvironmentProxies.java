package dev.jmlx.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/// The proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in capitals or not, as curl and
/// Python read them. Immutable, any thread.
final class EnvironmentProxies extends ProxySelector {
    /// By scheme.
    private final Map<String, InetSocketAddress> proxies;

    private final List<String> exceptions;

    private EnvironmentProxies(Map<String, InetSocketAddress> proxies, List<String> exceptions) {
        this.proxies = proxies;
        this.exceptions = exceptions;
    }

    /// Reads the variables through `setting`. Throws [HubException] for one that is no address.
    static EnvironmentProxies read(Function<String, Optional<String>> setting) {
        var proxies = new TreeMap<String, InetSocketAddress>();
        for (var scheme : List.of("http", "https")) {
            either(scheme + "_proxy", setting)
                    .or(() -> either("all_proxy", setting))
                    .ifPresent(address -> proxies.put(scheme, address(scheme + "_proxy", address)));
        }
        var exceptions = either("no_proxy", setting).stream()
                .flatMap(text -> Arrays.stream(text.split(",", -1)))
                .map(text -> text.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""))
                .filter(text -> !text.isEmpty())
                .toList();
        return new EnvironmentProxies(Map.copyOf(proxies), exceptions);
    }

    private static Optional<String> either(String key, Function<String, Optional<String>> setting) {
        return setting.apply(key).or(() -> setting.apply(key.toUpperCase(Locale.ROOT)));
    }

    private static InetSocketAddress address(String key, String text) {
        try {
            var uri = new URI(text.contains("://") ? text : "http://" + text);
            if ("http".equals(uri.getScheme()) && uri.getHost() != null && uri.getUserInfo() == null) {
                return InetSocketAddress.createUnresolved(uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort());
            }
        } catch (URISyntaxException _) {
            // Said below, without the text: it may hold a password.
        }
        throw new HubException(key.toUpperCase(Locale.ROOT)
                + " is not a proxy that can be used: it must be http://HOST:PORT, without a password");
    }

    @Override
    public List<Proxy> select(URI uri) {
        var proxy = proxies.get(String.valueOf(uri.getScheme()));
        if (proxy == null || isException(String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT))) {
            return List.of(Proxy.NO_PROXY);
        }
        return List.of(
                new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHostString(), proxy.getPort())));
    }

    /// A name, or a domain around it.
    private boolean isException(String host) {
        return exceptions.stream().anyMatch(name -> name.equals("*") || host.equals(name) || host.endsWith("." + name));
    }

    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException problem) {
        // The request fails, too, and says so.
    }
}
