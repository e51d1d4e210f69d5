package dev.jmlx.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.jmlx.engine.ops.BackendUnavailableException;
import dev.jmlx.http.messages.LoadedModel;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/// What all commands do first: read the configuration, set the log level, load the model.
///
/// `folder`: where the model lies. `took`: the time to load it.
record Startup(ServerConfig config, Path folder, LoadedModel model, Duration took) {

    /// Throws [ConfigException] for wrong settings and the loaders' exceptions for a model that cannot be run.
    static Startup run() {
        var workingFolder = Path.of("").toAbsolutePath();
        var config = ServerConfig.read(workingFolder, System.getenv());
        if (config.verbose() && LoggerFactory.getLogger("dev.jmlx") instanceof Logger logger) {
            logger.setLevel(Level.DEBUG);
        }
        var folder = ModelFolder.find(config.model().name(), workingFolder, Program.location());
        var start = System.nanoTime();
        try {
            var model = withEosToken(
                    LoadedModel.open(folder, config.engine()), config.model().eosToken());
            return new Startup(config, folder, model, Duration.ofNanos(System.nanoTime() - start));
        } catch (BackendUnavailableException unavailable) {
            throw new ConfigException(
                    "BACKEND=" + config.engine().backend() + " cannot be used: " + unavailable.getMessage());
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

    /// The model's folder name.
    String modelName() {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }
}
