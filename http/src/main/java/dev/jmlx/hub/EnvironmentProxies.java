package dev.jmlx.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/// The proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in capitals or not:
/// `http://HOST:PORT`
/// and names of hosts or domains. Immutable, any thread.
final class EnvironmentProxies extends ProxySelector {
    /// By scheme.
    private final Map<String, InetSocketAddress> proxies;

    /// By scheme: what is wrong with a variable.
    private final Map<String, String> problems;

    private final List<String> exceptions;

    private EnvironmentProxies(
            Map<String, InetSocketAddress> proxies, Map<String, String> problems, List<String> exceptions) {
        this.proxies = proxies;
        this.problems = problems;
        this.exceptions = exceptions;
    }

    /// Reads the variables through `setting`. One that is no proxy counts only where it is needed
    /// ([#requireUsable]).
    static EnvironmentProxies read(Function<String, Optional<String>> setting) {
        var proxies = new HashMap<String, InetSocketAddress>();
        var problems = new HashMap<String, String>();
        for (var scheme : List.of("http", "https")) {
            var name = scheme + "_proxy";
            Stream.of(name, name.toUpperCase(Locale.ROOT), "all_proxy", "ALL_PROXY")
                    .filter(key -> setting.apply(key).isPresent())
                    .findFirst()
                    .ifPresent(key -> address(setting.apply(key).orElseThrow())
                            .ifPresentOrElse(
                                    address -> proxies.put(scheme, address),
                                    () -> problems.put(
                                            scheme,
                                            key + " is not a proxy that can be used: it must be http://HOST:PORT,"
                                                    + " without a password")));
        }
        var exceptions = setting.apply("no_proxy").or(() -> setting.apply("NO_PROXY")).stream()
                .flatMap(text -> Arrays.stream(text.split(",", -1)))
                .map(text -> text.strip().toLowerCase(Locale.ROOT).replaceFirst("^\\*?\\.", ""))
                .filter(text -> !text.isEmpty())
                .toList();
        return new EnvironmentProxies(Map.copyOf(proxies), Map.copyOf(problems), exceptions);
    }

    private static Optional<InetSocketAddress> address(String text) {
        try {
            var uri = new URI(text.contains("://") ? text : "http://" + text);
            if ("http".equals(uri.getScheme()) && uri.getHost() != null && uri.getUserInfo() == null) {
                var port = uri.getPort() < 0 ? 80 : uri.getPort();
                return Optional.of(InetSocketAddress.createUnresolved(uri.getHost(), port));
            }
        } catch (URISyntaxException _) {
            // Told by what is returned, without the text: it may hold a password.
        }
        return Optional.empty();
    }

    /// Throws [HubException] when the variable for `scheme` is no proxy that can be used.
    void requireUsable(String scheme) {
        var problem = problems.get(scheme);
        if (problem != null) {
            throw new HubException(problem);
        }
    }

    @Override
    public List<Proxy> select(URI uri) {
        var proxy = proxies.get(String.valueOf(uri.getScheme()));
        if (proxy == null || isException(String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT))) {
            return List.of(Proxy.NO_PROXY);
        }
        return List.of(new Proxy(Proxy.Type.HTTP, proxy));
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
