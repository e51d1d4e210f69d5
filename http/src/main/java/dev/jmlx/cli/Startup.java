package dev.jmlx.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.jmlx.engine.ops.BackendUnavailableException;
import dev.jmlx.http.messages.LoadedModel;
import dev.jmlx.hub.HubException;
import dev.jmlx.hub.HubModel;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// What the commands that run a model do first: read the configuration, set the log level, find the model; then,
/// with [#load], download it where it must be, and load it.
record Startup(ServerConfig config, ModelResolver resolver, ModelPlace place) {

    /// A model that answers. `name`: as people call it; `folder`: where it lies; `took`: the time to load it.
    record Loaded(String name, Path folder, LoadedModel model, Duration took) {}

    /// Throws [ConfigException] for wrong settings and for a name that is no model's. Asks nothing of the network.
    static Startup begin() {
        var config = ServerConfig.read(Path.of("").toAbsolutePath(), System.getenv());
        if (config.verbose() && LoggerFactory.getLogger("dev.jmlx") instanceof Logger logger) {
            logger.setLevel(Level.DEBUG);
        }
        var resolver = ModelResolver.of(config);
        return new Startup(config, resolver, resolver.find(config.model().name()));
    }

    /// Throws [dev.jmlx.hub.HubException] and the loaders' exceptions for a model that cannot be had or run. `err`:
    /// where a download is shown.
    Loaded load(StartProgress progress, PrintWriter err) {
        var folder = switch (place) {
            case ModelPlace.Here here -> here.folder();
            case ModelPlace.OnHub(var model) -> download(model, progress, err);
        };
        progress.loaded(0);
        var start = System.nanoTime();
        try {
            var model = withEosToken(
                    LoadedModel.open(folder, config.engine(), progress::loaded),
                    config.model().eosToken());
            return new Loaded(place.name(), folder, model, Duration.ofNanos(System.nanoTime() - start));
        } catch (BackendUnavailableException unavailable) {
            throw new ConfigException(
                    "BACKEND=" + config.engine().backend() + " cannot be used: " + unavailable.getMessage());
        }
    }

    private Path download(HubModel model, StartProgress progress, PrintWriter err) {
        try {
            return DownloadDisplay.pull(resolver.hub(), model, progress.download(), err);
        } catch (HubException unknown) {
            if (unknown.isUnknownModel()) {
                throw new ConfigException(unknown.getMessage() + resolver.near(model.repo()));
            }
            throw unknown;
        }
    }

    private static LoadedModel withEosToken(LoadedModel model, @Nullable String token) {
        if (token == null) {
            return model;
        }
        return model.endingAlsoAt(model.idOf(token).orElseThrow(() -> {
            model.close();
            return new ConfigException(
                    "EOS_TOKEN=" + token + " is not allowed: it must be a token of the model's vocabulary");
        }));
    }
}
