package dev.jmlx.cli;

import dev.jmlx.engine.cache.CacheType;
import dev.jmlx.engine.generate.EngineOptions;
import dev.jmlx.engine.ops.Precision;
import dev.jmlx.http.messages.AnswerDefaults;
import dev.jmlx.http.messages.RequestedSampling;
import dev.jmlx.hub.HubException;
import dev.jmlx.hub.HubSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Everything that can be configured, read once at start from `.env` and the environment. Immutable.
record ServerConfig(
        Listen listen,
        ModelChoice model,
        AnswerDefaults defaults,
        EngineOptions engine,
        HubSettings hub,
        boolean verbose) {
    private static final int ANY_NUMBER = 1 << 20;

    /// Where to listen, and the key that clients must send; null asks for none.
    record Listen(String host, int port, @Nullable String apiKey) {}

    /// `name`: a folder, a name under `models`, or one of the hub; null is the embedded model. `apiName`: how the API
    /// calls it.
    /// `eosToken`: a further token that ends answers.
    record ModelChoice(
            @Nullable String name, String apiName, @Nullable String eosToken) {}

    /// Reads `.env` in `folder` and `environment`, which wins. Throws [ConfigException].
    static ServerConfig read(Path folder, Map<String, String> environment) {
        return of(new Settings(EnvFile.read(folder.resolve(".env")), environment));
    }

    static ServerConfig of(Settings settings) {
        if (!settings.text("TRUST_REMOTE_CODE").orElse("false").equalsIgnoreCase("false")) {
            throw settings.wrong("TRUST_REMOTE_CODE", "false, because no code from a model folder is ever run");
        }
        return new ServerConfig(
                new Listen(
                        host(settings),
                        settings.wholeNumber("PORT", 8888, 0, 65535),
                        settings.text("API_KEY").orElse(null)),
                new ModelChoice(
                        settings.text("MODEL_NAME").orElse(null),
                        settings.text("API_MODEL_NAME").orElse("claude-4-sonnet-20250514"),
                        settings.text("EOS_TOKEN").orElse(null)),
                new AnswerDefaults(
                        settings.wholeNumber("DEFAULT_MAX_TOKENS", 4096, 1, ANY_NUMBER),
                        new RequestedSampling(
                                settings.fraction("DEFAULT_TEMPERATURE").orElse(null),
                                settings.fraction("DEFAULT_TOP_P").orElse(null),
                                null)),
                engine(settings),
                hub(settings),
                settings.flag("VERBOSE"));
    }

    private static String host(Settings settings) {
        var host = settings.text("HOST").orElse("127.0.0.1");
        try {
            InetAddress.getByName(host);
            return host;
        } catch (UnknownHostException _) {
            throw settings.wrong("HOST", "an address or name of this machine, such as 127.0.0.1");
        }
    }

    private static HubSettings hub(Settings settings) {
        try {
            return HubSettings.read(settings::text, Path.of(System.getProperty("user.home", "")));
        } catch (HubException wrong) {
            throw new ConfigException(String.valueOf(wrong.getMessage()));
        }
    }

    private static EngineOptions engine(Settings settings) {
        var defaults = EngineOptions.defaults();
        return new EngineOptions(
                settings.text("BACKEND").orElse(defaults.backend()),
                settings.wholeNumber("THREADS", defaults.threads(), 1, 1024),
                settings.wholeNumber("MAX_SEQUENCES", defaults.maxSequences(), 1, 1024),
                defaults.maxWaiting(),
                precision(settings),
                cacheType(settings),
                settings.wholeNumber("MAX_CONTEXT", 0, 0, Integer.MAX_VALUE));
    }

    private static Precision precision(Settings settings) {
        var fallback = EngineOptions.defaults().precision().name().toLowerCase(Locale.ROOT);
        return Precision.valueOf(
                settings.choice("PRECISION", fallback, "fast", "exact").toUpperCase(Locale.ROOT));
    }

    private static CacheType cacheType(Settings settings) {
        var exact = precision(settings) == Precision.EXACT;
        var fallback =
                exact ? "f32" : EngineOptions.defaults().cacheType().name().toLowerCase(Locale.ROOT);
        var name = settings.choice("KV_CACHE", fallback, "f32", "f16", "bf16", "int8");
        return CacheType.valueOf(name.toUpperCase(Locale.ROOT));
    }
}
