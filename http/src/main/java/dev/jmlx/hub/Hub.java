package dev.jmlx.hub;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/// Models by name: from the cache, or through the network into it. The command line calls it; any thread.
public final class Hub {
    /// Connections at a time.
    private static final int CONNECTIONS = 6;

    private final HubSettings settings;
    private final Retries retries;
    private final HubCache cache;

    /// With the usual patience.
    public Hub(HubSettings settings) {
        this(settings, Retries.defaults());
    }

    Hub(HubSettings settings, Retries retries) {
        this.settings = settings;
        this.retries = retries;
        this.cache = new HubCache(settings.cache());
    }

    /// What is there without a network.
    public HubCache cache() {
        return cache;
    }

    /// The folder of a model that is complete in the cache.
    public Optional<Path> cached(HubModel model) {
        return cache.snapshot(model);
    }

    /// Why the hub cannot be used now, in one sentence; nothing when it answers.
    public Optional<String> problem() {
        try (var client = new HubClient(settings, retries)) {
            client.ping();
            return Optional.empty();
        } catch (IOException | HubException problem) {
            return Optional.of(String.valueOf(problem.getMessage()));
        }
    }

    /// Downloads what is missing of a model's newest state of its revision, and returns its folder. Throws
    /// [HubException].
    public Path pull(HubModel model, DownloadProgress progress) {
        if (settings.isOffline()) {
            throw HubException.unknownModel(model + " is not complete in the cache " + settings.cache()
                    + " and HF_HUB_OFFLINE is set: unset it, or name a model that `list` shows");
        }
        try (var client = new HubClient(settings, retries)) {
            return new Download(cache, client, retries, model, progress).run(CONNECTIONS);
        }
    }
}
