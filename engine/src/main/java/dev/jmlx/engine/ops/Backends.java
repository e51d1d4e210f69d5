package dev.jmlx.engine.ops;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.StringJoiner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Chooses the backend, once, when an engine is opened; every refusal is logged with its reason.
public final class Backends {
    private static final Logger log = LoggerFactory.getLogger(Backends.class);

    private Backends() {}

    /// The backend called `name`, or for "auto" the one with the highest priority that can run here.
    ///
    /// Throws [BackendUnavailableException] when there is none, with the reason of each.
    public static Backend choose(String name) {
        var refusals = new StringJoiner("; ");
        for (var backend : installed()) {
            if (!name.equals("auto") && !name.equals(backend.name())) {
                continue;
            }
            switch (backend.available()) {
                case Backend.Availability.Available() -> {
                    return backend;
                }
                case Backend.Availability.Unavailable(var reason) -> {
                    log.debug("backend {} is unavailable: {}", backend.name(), reason);
                    refusals.add(backend.name() + " is unavailable: " + reason);
                }
            }
        }
        throw new BackendUnavailableException(
                refusals.length() > 0
                        ? refusals.toString()
                        : "backend \"" + name + "\" does not exist; known: auto, "
                                + String.join(
                                        ", ",
                                        installed().stream().map(Backend::name).toList()));
    }

    private static List<Backend> installed() {
        return ServiceLoader.load(Backend.class).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(Backend::priority).reversed())
                .toList();
    }
}
