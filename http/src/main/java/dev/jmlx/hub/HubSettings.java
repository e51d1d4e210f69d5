package dev.jmlx.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Where the hub is and where its cache lies, by the variables that `huggingface_hub` knows. Immutable.
///
/// `endpoint`: without a slash at its end. `token`: for gated and private models. `cache`: the folder of
/// repositories. `isOffline`: nothing is asked of the hub. `proxies`: what leads to it.
public record HubSettings(
        URI endpoint, @Nullable String token, Path cache, boolean isOffline, EnvironmentProxies proxies) {
    private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

    /// What is reached directly.
    public HubSettings(URI endpoint, @Nullable String token, Path cache, boolean isOffline) {
        this(endpoint, token, cache, isOffline, EnvironmentProxies.read(_ -> Optional.empty()));
    }

    /// Reads the variables of proxies, `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`, `HF_HUB_CACHE` and
    /// `HF_HUB_OFFLINE` through `setting`; `home`: the user's folder. Throws [HubException].
    public static HubSettings read(Function<String, Optional<String>> setting, Path home) {
        var base = setting.apply("HF_HOME")
                .map(path -> inHome(path, home))
                .orElseGet(() -> setting.apply("XDG_CACHE_HOME")
                        .map(path -> inHome(path, home))
                        .orElse(home.resolve(".cache"))
                        .resolve("huggingface"));
        var cache = setting.apply("HF_HUB_CACHE")
                .or(() -> setting.apply("HUGGINGFACE_HUB_CACHE"))
                .map(path -> inHome(path, home))
                .orElse(base.resolve("hub"));
        var tokenFile =
                setting.apply("HF_TOKEN_PATH").map(path -> inHome(path, home)).orElse(base.resolve("token"));
        return new HubSettings(
                endpoint(setting.apply("HF_ENDPOINT").orElse("https://huggingface.co")),
                token(setting, tokenFile),
                cache,
                setting.apply("HF_HUB_OFFLINE")
                        .map(text -> YES.contains(text.toUpperCase(Locale.ROOT)))
                        .orElse(false),
                EnvironmentProxies.read(setting));
    }

    private static Path inHome(String path, Path home) {
        return path.startsWith("~/") ? home.resolve(path.substring(2)) : Path.of(path);
    }

    private static URI endpoint(String text) {
        try {
            var endpoint = new URI(text.replaceFirst("/+$", ""));
            var scheme = String.valueOf(endpoint.getScheme());
            if ((scheme.equals("https") || scheme.equals("http")) && endpoint.getHost() != null) {
                return endpoint;
            }
        } catch (URISyntaxException _) {
            // Said below.
        }
        throw new HubException(
                "HF_ENDPOINT=" + text + " is not allowed: it must be an address such as https://huggingface.co");
    }

    private static @Nullable String token(Function<String, Optional<String>> setting, Path file) {
        var given = setting.apply("HF_TOKEN").or(() -> setting.apply("HUGGING_FACE_HUB_TOKEN"));
        if (given.isPresent()) {
            return checked("HF_TOKEN", given.get().strip());
        }
        if (!Files.isRegularFile(file)) {
            return null;
        }
        try {
            var text = Files.readString(file).strip();
            return text.isEmpty() ? null : checked(file.toString(), text);
        } catch (IOException _) {
            // Somebody else's: gated models say that they need one.
            return null;
        }
    }

    /// Never shows the token itself.
    private static String checked(String source, String token) {
        if (!token.chars().allMatch(c -> c > ' ' && c < 0x7F)) {
            throw new HubException(source + " is not a token of the hub: a token is one word, such as hf_...");
        }
        return token;
    }

    /// The token is left out: this may be logged.
    @Override
    public String toString() {
        return "HubSettings[endpoint=" + endpoint + ", cache=" + cache + ", isOffline=" + isOffline + "]";
    }
}
